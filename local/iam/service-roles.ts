import type { Deployment } from '../template/resources.ts';
import type { Access } from './access.ts';
import type { AccessRules, CallerRules } from './access-rules.ts';
import { MissingGrantError } from './errors.ts';
import type { Need } from './needs.ts';
import { type Principal, rolePrincipal, servicePrincipal } from './principal.ts';
import { missingGrant } from './refusal.ts';

/** As its documentation lists them. */
const LOG_KEY_ACTIONS = [
  'kms:Encrypt',
  'kms:Decrypt',
  'kms:ReEncryptFrom',
  'kms:GenerateDataKey',
  'kms:DescribeKey',
];

const GATEWAY_LOG_ACTIONS = [
  'logs:CreateLogGroup',
  'logs:CreateLogStream',
  'logs:DescribeLogGroups',
  'logs:DescribeLogStreams',
  'logs:FilterLogEvents',
  'logs:GetLogEvents',
  'logs:PutLogEvents',
];

/** Checks permissions of functions and their roles in place of Lambda, CloudFormation and other services. */
export class ServiceRoles {
  private readonly access: Access;
  private readonly rules: AccessRules;

  constructor(access: Access, rules: AccessRules) {
    this.access = access;
    this.rules = rules;
  }

  /**
   * What AWS checks while it deploys: that Lambda may be each function's role, that an event source's role may read its
   * queue, that a function's role may send the records of its failed events, that the CDK's provider may invoke what it
   * triggers.
   *
   * @throws MissingGrantError naming the function, the action and the resource
   */
  assertDeployable({
    eventSources,
    asyncInvocations,
  }: Pick<Deployment, 'eventSources' | 'asyncInvocations'>): void {
    const context = { 'aws:sourceaccount': this.rules.accountId };
    const lambda = servicePrincipal('lambda.amazonaws.com');
    for (const { roleArn } of this.rules.callers)
      this.assert(lambda, { action: 'sts:AssumeRole', resource: roleArn, context });
    this.assertTraced();
    this.assertLogsEncrypted();
    this.assertGatewayLogs();
    for (const { functionName, queueArn } of eventSources) {
      for (const action of ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'])
        this.assert(this.principalOf(functionName), { action, resource: queueArn });
    }
    for (const { functionName, failureDestinationArn: resource } of asyncInvocations) {
      if (resource !== undefined)
        this.assert(this.principalOf(functionName), { action: 'sqs:SendMessage', resource });
    }
    for (const { providerArn, handlerArn } of this.rules.triggers) {
      const provider = this.caller(({ functionArn }) => functionArn === providerArn);
      this.mayLog(provider.functionName);
      this.assert(this.principalOf(provider.functionName), {
        action: 'lambda:InvokeFunction',
        resource: handlerArn,
      });
    }
  }

  /** Lambda accepts active tracing only with a role that may send the traces. */
  private assertTraced(): void {
    for (const { functionName } of this.rules.callers.filter(({ isTraced }) => isTraced)) {
      for (const action of ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'])
        this.assert(this.principalOf(functionName), { action, resource: '*' });
    }
  }

  /** CloudWatch Logs accepts a key for a group only if it may use the key. */
  private assertLogsEncrypted(): void {
    const { keys, region } = this.rules;
    const logs = servicePrincipal(`logs.${region}.amazonaws.com`);
    for (const [resource, keyArn] of Object.entries(keys).filter(([arn]) =>
      arn.startsWith('arn:aws:logs:'),
    )) {
      const context = { 'kms:encryptioncontext:aws:logs:arn': resource };
      for (const action of LOG_KEY_ACTIONS) this.assert(logs, { action, resource: keyArn, context });
    }
  }

  /** API Gateway accepts a role for its logs only with all documented actions on every group. */
  private assertGatewayLogs(): void {
    const { gatewayLogRoles, region, accountId } = this.rules;
    const resource = `arn:aws:logs:${region}:${accountId}:log-group:*`;
    for (const role of gatewayLogRoles) {
      this.assert(servicePrincipal('apigateway.amazonaws.com'), { action: 'sts:AssumeRole', resource: role });
      for (const action of GATEWAY_LOG_ACTIONS)
        this.assert(rolePrincipal(role, 'apigateway'), { action, resource });
    }
  }

  /** Whether Lambda can write a function's output to its log group; without the grants it is lost, as on AWS. */
  mayLog(functionName: string): boolean {
    const { logGroupArn } = this.caller((caller) => caller.functionName === functionName);
    const principal = this.principalOf(functionName);
    const resource = `${logGroupArn}:log-stream:local`;
    return ['logs:CreateLogStream', 'logs:PutLogEvents'].every(
      (action) => this.access.refused(principal, { action, resource }) === undefined,
    );
  }

  /** Whether Lambda can send a record of a failed event as the function's role. */
  readonly maySend = (functionName: string, queueArn: string): boolean => {
    const need = { action: 'sqs:SendMessage', resource: queueArn };
    return this.access.refused(this.principalOf(functionName), need) === undefined;
  };

  /**
   * Whether the function's own policy lets a service invoke it.
   *
   * @param service `events.amazonaws.com`
   * @param sourceArn the rule, route, alarm, … on whose behalf
   */
  readonly mayInvoke = (service: string, functionArn: string, sourceArn: string): boolean => {
    const context = { 'aws:sourcearn': sourceArn, 'aws:sourceaccount': this.rules.accountId };
    const need = { action: 'lambda:InvokeFunction', resource: functionArn, context };
    return this.access.refused(servicePrincipal(service), need) === undefined;
  };

  /** Whether the topic's policy, and its key's, let CloudWatch publish to it for an alarm. */
  readonly mayPublish = (topicArn: string, alarmArn: string): boolean => {
    const context = { 'aws:sourcearn': alarmArn, 'aws:sourceaccount': this.rules.accountId };
    const need = { action: 'sns:Publish', resource: topicArn, context };
    return this.access.refused(servicePrincipal('cloudwatch.amazonaws.com'), need) === undefined;
  };

  private assert(principal: Principal, need: Need): void {
    const refused = this.access.refused(principal, need);
    if (refused !== undefined)
      throw new MissingGrantError(`AWS would refuse the deployment: ${missingGrant(refused)}`);
  }

  private principalOf(functionName: string): Principal {
    const { roleArn } = this.caller((caller) => caller.functionName === functionName);
    return rolePrincipal(roleArn, functionName);
  }

  private caller(isIt: (caller: CallerRules) => boolean): CallerRules {
    const caller = this.rules.callers.find(isIt);
    if (caller === undefined) throw new Error('the templates contain no such function');
    return caller;
  }
}
