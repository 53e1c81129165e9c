import { App } from 'aws-cdk-lib';
import { DataStack } from '../lib/data-stack.ts';
import { FEATURE_FLAGS } from '../lib/feature-flags.ts';
import { PipelineStack } from '../lib/pipeline-stack.ts';
import { stageConfig } from '../lib/stage-config.ts';

const app = new App({ context: FEATURE_FLAGS });
const config = stageConfig(app.node.tryGetContext('stage'));

const data = new DataStack(app, `Oncepay-${config.stage}-Data`, { config });
new PipelineStack(app, `Oncepay-${config.stage}-Pipeline`, { config, data });
