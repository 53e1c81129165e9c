import { App } from 'aws-cdk-lib';
import { PaymentPipeline, stageNamed } from '../lib/index.ts';

const app = new App();
const stage = stageNamed(app.node.tryGetContext('stage'));

new PaymentPipeline(app, `Oncepay-${stage}`, { stage });
