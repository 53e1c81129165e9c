import { App, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import {
  InvalidSettingsError,
  overridesFromContext,
  STAGES,
  stageConfig,
  UnknownStageError,
} from '../../lib/index.ts';

const CERTIFICATE = 'arn:aws:acm:eu-central-1:111111111111:certificate/0a1b';

describe('the selected stage', () => {
  test('is dev by default', () => {
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
  test('that takes real money keeps its data', () => {
    for (const config of STAGES.map((stage) => stageConfig(stage)).filter((each) => each.takesRealMoney)) {
      expect(config.dataRemovalPolicy).toBe(RemovalPolicy.RETAIN);
      expect(config.deletionProtection).toBe(true);
      expect(config.database.hasStandby).toBe(true);
    }
  });

  test('takes real money only in prod', () => {
    expect(STAGES.filter((stage) => stageConfig(stage).takesRealMoney)).toEqual(['prod']);
  });

  test('has a database that pauses only in dev', () => {
    expect(STAGES.filter((stage) => stageConfig(stage).database.minCapacity === 0)).toEqual(['dev']);
  });

  test.each(STAGES)('%s caches an authorizer’s answer for a minute at most', (stage) => {
    expect(stageConfig(stage).api.authorizerCache.toSeconds()).toBeLessThanOrEqual(60);
  });
});

describe('an override', () => {
  test('changes only the named setting of its group', () => {
    const { api, database, logRetention } = stageConfig('prod', { api: { rateLimit: 1_500 } });
    const { api: before } = stageConfig('prod');
    expect(api).toEqual({ ...before, rateLimit: 1_500 });
    expect({ database, logRetention }).toEqual({
      database: stageConfig('prod').database,
      logRetention: stageConfig('prod').logRetention,
    });
  });
});

describe('a setting that can’t be deployed', () => {
  test.each([
    [{ dataRemovalPolicy: RemovalPolicy.DESTROY }, 'set RemovalPolicy.RETAIN'],
    [
      { deletionProtection: false },
      'deletionProtection is false, but the stage takes real money: set it to true',
    ],
    [{ database: { minCapacity: 0.7 } }, 'database.minCapacity is 0.7: give a multiple of 0.5 from 0 to 256'],
    [{ database: { minCapacity: 64 } }, 'database.minCapacity is 64, above database.maxCapacity 32'],
    [{ database: { pauseAfter: Duration.minutes(5) } }, 'never pauses: leave it out'],
    [
      { database: { backupRetention: Duration.days(36) } },
      'database.backupRetention is 36 days: give 1 to 35 days',
    ],
    [{ api: { rateLimit: 0 } }, 'api.rateLimit is 0: give 1 to 10000'],
    [{ api: { burstLimit: 10 } }, 'api.burstLimit is 10: give at least api.rateLimit (1000)'],
    [{ api: { authorizerCache: Duration.hours(1) } }, 'a revoked key would work that long'],
    [
      { firewall: { perKeyPerMinute: 9, perAddressPerMinute: 9 } },
      'firewall.perKeyPerMinute is 9: give 10 to 60000',
    ],
    [
      { firewall: { perKeyPerMinute: 200, perAddressPerMinute: 100 } },
      'firewall.perAddressPerMinute is 100, below firewall.perKeyPerMinute (200)',
    ],
    [{ executorConcurrency: 1 }, 'executorConcurrency is 1: give 2 to 1000'],
    [{ restoreEpoch: 'a#b' }, 'restoreEpoch is "a#b"'],
    [{ alarmEmail: 'operators' }, 'alarmEmail is "operators": give an address such as payments@example.com'],
    [{ runbooksUrl: 'wiki' }, 'runbooksUrl is "wiki": give an address that ends in a slash'],
    [{ domain: { name: 'localhost', certificateArn: CERTIFICATE } }, 'domain.name is "localhost"'],
    [{ domain: { name: 'pay.example.com', certificateArn: 'mine' } }, 'domain.certificateArn is "mine"'],
  ])('is refused, naming value and fix: %j', (overrides, message) => {
    expect(() => stageConfig('prod', overrides)).toThrow(InvalidSettingsError);
    expect(() => stageConfig('prod', overrides)).toThrow(message);
  });

  test('is named beside all the others', () => {
    expect(() => stageConfig('prod', { executorConcurrency: 1, restoreEpoch: '' })).toThrow(
      /executorConcurrency is 1.*restoreEpoch is ""/s,
    );
  });
});

describe('the settings of the command line', () => {
  const given = (context: Record<string, unknown>) => overridesFromContext(new App({ context }).node);

  test('are none, the alarms’ address, the runbooks’, the domain and the roll-out', () => {
    expect(given({})).toEqual({});
    expect(
      given({
        alarmEmail: 'payments@example.com',
        runbooksUrl: 'https://wiki.example.com/runbooks/',
        domainName: 'pay.example.com',
        certificateArn: CERTIFICATE,
        rollOut: 'at-once-without-alarms',
      }),
    ).toEqual({
      alarmEmail: 'payments@example.com',
      runbooksUrl: 'https://wiki.example.com/runbooks/',
      domain: { name: 'pay.example.com', certificateArn: CERTIFICATE },
      rollOut: 'at-once-without-alarms',
    });
  });

  test.each([
    [{ domainName: 'pay.example.com' }, 'domainName is given without certificateArn: give both'],
    [{ certificateArn: CERTIFICATE }, 'certificateArn is given without domainName: give both'],
    [{ alarmEmail: 7 }, 'alarmEmail is 7: give a text, -c alarmEmail=…'],
    [
      { rollOut: 'at-once' },
      'rollOut is "at-once": give one of all-at-once, a-tenth-for-5-minutes, a-tenth-for-15-minutes, at-once-without-alarms, or leave it out',
    ],
  ])('are refused where they are incomplete or not readable: %j', (context, message) => {
    expect(() => given(context)).toThrow(InvalidSettingsError);
    expect(() => given(context)).toThrow(message);
  });
});
