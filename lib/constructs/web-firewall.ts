import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Stage } from 'aws-cdk-lib/aws-apigateway';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import type { FirewallConfig, StageConfig } from '../stage-config.ts';
import { problemTemplate, TOO_MANY_REQUESTS } from './gateway-problems.ts';

export interface WebFirewallProps {
  readonly config: StageConfig;
  readonly limits: FirewallConfig;
  /** Requests that come from few addresses, all of a PSP: they have a limit of their own. */
  readonly events?: { readonly path: string; readonly perAddressPerMinute: number };
  readonly key: IKey;
  readonly apiStage: Stage;
}

const TOO_MANY = 'TooManyRequests';
const RETRY_AFTER_SECONDS = 60;

/**
 * Rules of AWS's groups that would refuse payments because of content that does no harm here: a body is JSON with a strict
 * schema, goes into SQL as a parameter, is never shown as HTML and never fetched. These rules only count, in the metrics;
 * the rest of their group blocks.
 */
const COUNTED_ONLY = [
  // A body may have 64 KB; this rule's limit is 8 KB.
  'SizeRestrictions_BODY',
  'CrossSiteScripting_BODY',
  'GenericLFI_BODY',
  'GenericRFI_BODY',
  'EC2MetaDataSSRF_BODY',
  // The callers are servers: a plain HTTP client often sends no User-Agent.
  'NoUserAgent_HEADER',
];

/**
 * In front of the API: limits each address and each API key, and refuses requests that AWS recognizes as attacks. WAF
 * enforces the limits with a delay of about ten seconds; the stage's own throttle applies meanwhile.
 */
export class WebFirewall extends Construct {
  constructor(scope: Construct, id: string, { config, limits, events, key, apiStage }: WebFirewallProps) {
    super(scope, id);
    const acl = this.createAcl(limits, events);
    new CfnWebACLAssociation(this, 'Association', {
      webAclArn: acl.attrArn,
      resourceArn: apiStage.stageArn,
    });
    this.logRefusals(acl, config, key);
  }

  private createAcl(limits: FirewallConfig, events: WebFirewallProps['events']): CfnWebACL {
    const isEvent = events === undefined ? undefined : pathBeginsWith(events.path);
    return new CfnWebACL(this, 'Acl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: visibility(firewallMetricName(this)),
      customResponseBodies: {
        [TOO_MANY]: { contentType: 'APPLICATION_JSON', content: problemTemplate(TOO_MANY_REQUESTS, {}) },
      },
      rules: [
        rateRule('PerAddress', 0, {
          limit: limits.perAddressPerMinute,
          aggregateKeyType: 'IP',
          ...(isEvent === undefined ? {} : { scopeDownStatement: { notStatement: { statement: isEvent } } }),
        }),
        rateRule('PerKey', 1, {
          limit: limits.perKeyPerMinute,
          aggregateKeyType: 'CUSTOM_KEYS',
          customKeys: [{ header: { name: 'authorization', textTransformations: ONE_SPELLING } }],
        }),
        managedRule('AWSManagedRulesCommonRuleSet', 2, COUNTED_ONLY),
        managedRule('AWSManagedRulesKnownBadInputsRuleSet', 3, []),
        ...(events === undefined || isEvent === undefined
          ? []
          : [
              rateRule('EventsPerAddress', 4, {
                limit: events.perAddressPerMinute,
                aggregateKeyType: 'IP',
                scopeDownStatement: isEvent,
              }),
            ]),
      ],
    });
  }

  /** Refused and counted requests, without key or query. WAF requires this prefix of the group's name. */
  private logRefusals(acl: CfnWebACL, config: StageConfig, key: IKey): void {
    const log = new LogGroup(this, 'Log', {
      logGroupName: `aws-waf-logs-${Stack.of(this).stackName}`,
      encryptionKey: key,
      retention: config.logRetention,
      removalPolicy: config.deletionProtection ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const { logGroupName } = log;
    const arn = Stack.of(this).formatArn({ service: 'logs', resource: `log-group:${logGroupName}` });
    new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: acl.attrArn,
      logDestinationConfigs: [arn],
      redactedFields: [{ singleHeader: { Name: 'authorization' } }, { queryString: {} }],
      loggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [
          {
            Behavior: 'KEEP',
            Requirement: 'MEETS_ANY',
            Conditions: ['BLOCK', 'COUNT', 'EXCLUDED_AS_COUNT'].map((Action) => ({
              ActionCondition: { Action },
            })),
          },
        ],
      },
    });
  }
}

/** The name in its metrics. `All` and `Default_Action` are WAF’s own, and two stages of an account need different names. */
export function firewallMetricName(scope: Construct): string {
  return Stack.of(scope).stackName;
}

/** The same key counts as one, however its header is written. */
const ONE_SPELLING = [
  { priority: 0, type: 'LOWERCASE' },
  { priority: 1, type: 'COMPRESS_WHITE_SPACE' },
];

function pathBeginsWith(path: string): CfnWebACL.StatementProperty {
  return {
    byteMatchStatement: {
      fieldToMatch: { uriPath: {} },
      positionalConstraint: 'STARTS_WITH',
      searchString: path,
      textTransformations: [{ priority: 0, type: 'NONE' }],
    },
  };
}

function rateRule(
  name: string,
  priority: number,
  statement: Omit<CfnWebACL.RateBasedStatementProperty, 'evaluationWindowSec'>,
): CfnWebACL.RuleProperty {
  return {
    name,
    priority,
    statement: { rateBasedStatement: { ...statement, evaluationWindowSec: 60 } },
    action: {
      block: {
        customResponse: {
          responseCode: TOO_MANY_REQUESTS.status,
          customResponseBodyKey: TOO_MANY,
          responseHeaders: [
            { name: 'retry-after', value: String(RETRY_AFTER_SECONDS) },
            { name: 'cache-control', value: 'no-store' },
          ],
        },
      },
    },
    visibilityConfig: visibility(name),
  };
}

function managedRule(group: string, priority: number, counted: readonly string[]): CfnWebACL.RuleProperty {
  return {
    name: group,
    priority,
    overrideAction: { none: {} },
    statement: {
      managedRuleGroupStatement: {
        vendorName: 'AWS',
        name: group,
        ruleActionOverrides: counted.map((name) => ({ name, actionToUse: { count: {} } })),
      },
    },
    visibilityConfig: visibility(group),
  };
}

/** No samples: they contain whole requests, including headers. */
function visibility(metricName: string): CfnWebACL.VisibilityConfigProperty {
  return { metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: false };
}
