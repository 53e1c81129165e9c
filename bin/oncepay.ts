import { App } from 'aws-cdk-lib';
import { overridesFromContext, PaymentPipeline, stageNamed } from '../lib/index.ts';
import { checkCompliance } from './check-compliance.ts';

const app = new App();
const stage = stageNamed(app.node.tryGetContext('stage'));

new PaymentPipeline(app, `Oncepay-${stage}`, { stage, overrides: overridesFromContext(app.node) });

// The one-machine runtime deploys nothing: it needs no review, and starts seconds sooner.
if (app.node.tryGetContext('compliance') !== 'off') checkCompliance(app);
