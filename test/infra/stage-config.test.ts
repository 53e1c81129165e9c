import { RemovalPolicy } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { STAGES, stageConfig, UnknownStageError } from '../../lib/stage-config.ts';

describe('the stage that is asked for', () => {
  test('is dev when none is', () => {
    expect(stageConfig(undefined).stage).toBe('dev');
  });

  test.each(STAGES)('is %s by its name', (stage) => {
    expect(stageConfig(stage).stage).toBe(stage);
  });

  test.each(['production', 'Dev', '', 'dev ', 7])('is refused as %j, naming the choices', (asked) => {
    expect(() => stageConfig(asked)).toThrow(UnknownStageError);
    expect(() => stageConfig(asked)).toThrow(
      `There is no stage ${JSON.stringify(asked)}. Choose one of dev, staging, prod: cdk synth -c stage=dev`,
    );
  });
});

describe('a stage', () => {
  test('that takes real money keeps it', () => {
    for (const config of STAGES.map((stage) => stageConfig(stage)).filter((each) => each.takesRealMoney)) {
      expect(config.dataRemovalPolicy).toBe(RemovalPolicy.RETAIN);
      expect(config.deletionProtection).toBe(true);
      expect(config.database.hasStandby).toBe(true);
    }
  });

  test('takes real money only in prod', () => {
    expect(STAGES.filter((stage) => stageConfig(stage).takesRealMoney)).toEqual(['prod']);
  });

  test('has a database that sleeps only in dev', () => {
    expect(STAGES.filter((stage) => stageConfig(stage).database.minCapacity === 0)).toEqual(['dev']);
  });

  test.each(STAGES)('%s believes an authorizer for a minute at most', (stage) => {
    expect(stageConfig(stage).api.authorizerCache.toSeconds()).toBeLessThanOrEqual(60);
  });
});

describe('a setting that is to be another', () => {
  test('is the only one of its group that changes', () => {
    const { api, database, logRetention } = stageConfig('prod', { api: { rateLimit: 5_000 } });
    const { api: before } = stageConfig('prod');
    expect(api).toEqual({ ...before, rateLimit: 5_000 });
    expect({ database, logRetention }).toEqual({
      database: stageConfig('prod').database,
      logRetention: stageConfig('prod').logRetention,
    });
  });
});
