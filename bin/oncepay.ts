import { App } from 'aws-cdk-lib';
import { overridesFromContext, PaymentPipeline, stageNamed } from '../lib/index.ts';

const app = new App();
const stage = stageNamed(app.node.tryGetContext('stage'));

new PaymentPipeline(app, `Oncepay-${stage}`, { stage, overrides: overridesFromContext(app.node) });
