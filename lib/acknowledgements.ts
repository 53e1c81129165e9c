import { CfnResource, Stack, Token, Validations } from 'aws-cdk-lib';
import type { Method } from 'aws-cdk-lib/aws-apigateway';
import type { IConstruct } from 'constructs';

/**
 * Findings of cdk-nag's packs that are intended, by id, each with the reason that a reviewer is asked to accept. A finding
 * without one fails the synthesis.
 */
export type Acknowledgements = Readonly<Record<string, string>>;

/** An id holds region and account as the findings do: by name, where the stack is for a known one. */
export function acknowledge(construct: IConstruct, findings: Acknowledgements): void {
  const validations = Validations.of(construct);
  const { region, account } = Stack.of(construct);
  for (const [id, reason] of Object.entries(findings)) {
    const here = id
      .replaceAll('<AWS::Region>', Token.isUnresolved(region) ? '<AWS::Region>' : region)
      .replaceAll('<AWS::AccountId>', Token.isUnresolved(account) ? '<AWS::AccountId>' : account);
    validations.acknowledge({ id: here, reason });
  }
}

/** A method without an authorizer, which another reviewer, checkov, finds as well: it reads its reasons in the template. */
export function acknowledgeOpen(method: Method, findings: Acknowledgements): void {
  acknowledge(method, findings);
  const { defaultChild } = method.node;
  if (!CfnResource.isCfnResource(defaultChild))
    throw new Error(`${method.node.path} is no longer a resource`);
  const [comment] = Object.values(findings);
  defaultChild.addMetadata('checkov', { skip: [{ id: 'CKV_AWS_59', comment }] });
}

export const OF_FUNCTIONS: Acknowledgements = {
  'PCI.DSS.321::PCI.DSS.321-LambdaInsideVPC':
    'It needs nothing in the VPC: the Data API serves the database. In it, PSPs would need a NAT gateway, a way out of the database’s network.',
  'Serverless::Serverless-LambdaDLQ':
    'Gateway, queue and deployment wait for its answer; what a schedule invokes has an on-failure destination, whose records say more.',
};

export const OF_OWN_POLICY: Acknowledgements = {
  'PCI.DSS.321::PCI.DSS.321-IAMNoInlinePolicy':
    'The policy is for this role alone; a managed policy could be attached to others.',
};

export const OF_TRACED_ROLE: Acknowledgements = {
  ...OF_OWN_POLICY,
  'AwsSolutions::AwsSolutions-IAM5[Resource::*]':
    'X-Ray has no resources that a policy could name. It allows sending traces, not reading them.',
};

export const OF_SCHEDULES: Acknowledgements = {
  'Serverless::Serverless-EventBusDLQ': 'The event carries nothing, and the next one does the same work.',
};

export const OF_EVENT_SOURCE: Acknowledgements = {
  'Serverless::Serverless-LambdaEventSourceMappingDestination':
    'An SQS source has no destination: what fails goes to its dead-letter queue.',
};

export const OF_DEAD_LETTERS: Acknowledgements = {
  'Serverless::Serverless-SQSRedrivePolicy': 'It is the dead-letter queue; an alarm watches it.',
};

export const OF_FAILED_INVOCATIONS: Acknowledgements = {
  'AwsSolutions::AwsSolutions-SQS3': 'Nothing receives from it, so nothing can fail to be received.',
  'Serverless::Serverless-SQSRedrivePolicy': 'Nothing receives from it, so nothing can fail to be received.',
};

export const OF_MAILED_ALARMS: Acknowledgements = {
  'Serverless::Serverless-SNSRedrivePolicy':
    'SNS retries a mail for hours; after that, the alarm’s state is in CloudWatch.',
};

export const OF_API: Acknowledgements = {
  'AwsSolutions::AwsSolutions-COG4':
    'Its callers are merchants’ servers with API keys, which the Lambda authorizer checks; nobody signs in.',
};

export const OF_OPEN_ROUTE: Acknowledgements = {
  'AwsSolutions::AwsSolutions-APIG4':
    'Probes and client generators have no key, and the answer is the same for everybody: it comes from the bundle alone.',
};

export const OF_EVENTS: Acknowledgements = {
  'AwsSolutions::AwsSolutions-APIG4':
    'PSPs have no key of this API. Each event is signed with a secret of its PSP account, and the function checks the signature before anything else.',
};

export const OF_BUYERS_RETURN: Acknowledgements = {
  'AwsSolutions::AwsSolutions-APIG4':
    'Buyers have no key. The answer shows nothing of the payment, and leads only to the address that the merchant gave with it.',
};

export const OF_API_STAGE: Acknowledgements = {
  'AwsSolutions::AwsSolutions-APIG6':
    'Execution logs hold headers and bodies: API keys and buyers’ data. The access log and the functions’ logs say what happened.',
  'PCI.DSS.321::PCI.DSS.321-APIGWExecutionLoggingEnabled':
    'Execution logs hold headers and bodies: API keys and buyers’ data. The access log and the functions’ logs say what happened.',
  'PCI.DSS.321::PCI.DSS.321-APIGWCacheEnabledAndEncrypted':
    'Nothing is cached: a payment’s state must be current, and is its merchant’s alone.',
  'PCI.DSS.321::PCI.DSS.321-APIGWSSLEnabled':
    'A client certificate is for HTTP back ends. These are Lambda integrations, invoked under IAM over TLS.',
};

export const OF_STAGE_WITHOUT_FIREWALL: Acknowledgements = {
  'AwsSolutions::AwsSolutions-APIG3':
    'In a developer’s stage no money moves, and a firewall’s fixed price would be most of the bill. The throttle bounds requests.',
  'PCI.DSS.321::PCI.DSS.321-APIGWAssociatedWithWAF':
    'In a developer’s stage no money moves, and a firewall’s fixed price would be most of the bill. The throttle bounds requests.',
};

export const OF_ACCOUNT_LOG_ROLE: Acknowledgements = {
  ...OF_OWN_POLICY,
  'AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:*]':
    'API Gateway writes the logs of all APIs by one role, and accepts only one that may write to every group.',
};

export const OF_ROLL_OUT_ROLE: Acknowledgements = {
  ...OF_OWN_POLICY,
  'AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:cloudwatch:<AWS::Region>:<AWS::AccountId>:alarm:*]':
    'CodeDeploy reads the state of the alarms that roll a deployment back. It can change none.',
};

export const OF_VPC: Acknowledgements = {
  'PCI.DSS.321::PCI.DSS.321-VPCDefaultSecurityGroupClosed':
    'Nothing is in the default group: the cluster has one of its own without rules. Emptying it takes a custom resource that may edit security groups.',
};

export const OF_ROTATED_SECRET: Acknowledgements = {
  'AwsSolutions::AwsSolutions-SMG4':
    'It is rotated every 30 days, by a schedule in the pipeline’s stack, where the rule does not look.',
};

export const OF_UNPROTECTED_CLUSTER: Acknowledgements = {
  'AwsSolutions::AwsSolutions-RDS10':
    'The stage holds no money and is made to be taken down. Where real money is taken, it is protected.',
};

export const OF_SIMULATOR_API: Acknowledgements = {
  'AwsSolutions::AwsSolutions-APIG2':
    'It plays PSPs: it refuses bad requests with their codes, which its callers are tested against.',
  'AwsSolutions::AwsSolutions-COG4':
    'Its callers are the executor and the operators’ command line, with keys derived from a generated secret; nobody signs in.',
};

export const OF_SIMULATOR_ROUTE: Acknowledgements = {
  'AwsSolutions::AwsSolutions-APIG4':
    'As at a PSP, the function checks the caller’s key: one for each PSP and one for the control address, derived from a generated secret. No money is behind it.',
};

export const OF_PAYMENT_PAGE: Acknowledgements = {
  'AwsSolutions::AwsSolutions-APIG4':
    'Buyers have no key: as at a PSP, they open the page by its address. What a form does needs the token that its page shows. No money is behind it.',
};

export const OF_SIMULATOR_SECRET: Acknowledgements = {
  'AwsSolutions::AwsSolutions-SMG4':
    'It opens simulated PSPs only. A new value can be put at any time: a caller that is refused reads it again.',
};
