import { App } from 'aws-cdk-lib';
import { overridesFromContext, PaymentPipeline, stageNamed, warnOfMisspeltOptions } from '../lib/index.ts';
import { checkCompliance } from './check-compliance.ts';

const app = new App();
const stage = stageNamed(app.node.tryGetContext('stage'));

const overrides = overridesFromContext(app.node);
const { pipelineStack } = new PaymentPipeline(app, `Oncepay-${stage}`, { stage, overrides });
warnOfMisspeltOptions(pipelineStack);

// The one-machine runtime deploys nothing: it needs no review, and starts seconds sooner.
if (app.node.tryGetContext('compliance') !== 'off') checkCompliance(app);
