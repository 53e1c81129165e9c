import { CfnResource, Stack, Token, Validations } from 'aws-cdk-lib';
import type { Method } from 'aws-cdk-lib/aws-apigateway';
import type { IConstruct } from 'constructs';

/**
 * Findings of cdk-nag's packs that are meant, by id, each with the reason that a reviewer is asked to accept. What has no
 * reason here fails the synth.
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
    'It reaches AWS services and PSPs over TLS and the database through the Data API. In the VPC it would need NAT gateways: a way out of the network that holds the database.',
  'Serverless::Serverless-LambdaDLQ':
    'Gateway, queue and deployment wait for its answer. What a schedule invokes has an on-failure destination instead, whose records say more than a dead letter.',
};

export const OF_OWN_POLICY: Acknowledgements = {
  'PCI.DSS.321::PCI.DSS.321-IAMNoInlinePolicy':
    'The policy belongs to this one role, is made and removed with it, and can be attached to nothing else; a managed policy could.',
};

export const OF_TRACED_ROLE: Acknowledgements = {
  ...OF_OWN_POLICY,
  'AwsSolutions::AwsSolutions-IAM5[Resource::*]':
    'Lambda sends the traces of the function by its role, and X-Ray knows no resource that a policy could name. Traces can be put so, not read.',
};

export const OF_SCHEDULES: Acknowledgements = {
  'Serverless::Serverless-EventBusDLQ':
    'The event carries nothing, and the next one does the same work: a kept one would be stale.',
};

export const OF_EVENT_SOURCE: Acknowledgements = {
  'Serverless::Serverless-LambdaEventSourceMappingDestination':
    'A queue takes no destination: what fails goes to its dead-letter queue by the redrive policy.',
};

export const OF_DEAD_LETTERS: Acknowledgements = {
  'Serverless::Serverless-SQSRedrivePolicy':
    'This is the dead-letter queue. It is watched by an alarm, and every redrive out of it ends.',
};

export const OF_FAILED_INVOCATIONS: Acknowledgements = {
  'AwsSolutions::AwsSolutions-SQS3': 'Nothing receives from it, so nothing can fail to be received.',
  'Serverless::Serverless-SQSRedrivePolicy': 'Nothing receives from it, so nothing can fail to be received.',
};

export const OF_MAILED_ALARMS: Acknowledgements = {
  'Serverless::Serverless-SNSRedrivePolicy':
    'SNS itself sends a mail again for hours. What a mailbox never took is of no use later: the alarm’s state is in CloudWatch.',
};

export const OF_API: Acknowledgements = {
  'AwsSolutions::AwsSolutions-COG4':
    'Callers are servers of merchants with API keys, which the Lambda authorizer checks; nobody signs in.',
};

export const OF_OPEN_ROUTE: Acknowledgements = {
  'AwsSolutions::AwsSolutions-APIG4':
    'A probe and a client generator have no key, nor has who asks which methods there are: the answer is the same for everybody and comes from the bundle alone.',
};

export const OF_API_STAGE: Acknowledgements = {
  'AwsSolutions::AwsSolutions-APIG6':
    'Execution logs hold headers and bodies, keys and buyers’ data among them. The access log and the functions’ own lines say what happened.',
  'PCI.DSS.321::PCI.DSS.321-APIGWExecutionLoggingEnabled':
    'Execution logs hold headers and bodies, keys and buyers’ data among them. The access log has each request, by whom and with what outcome.',
  'PCI.DSS.321::PCI.DSS.321-APIGWCacheEnabledAndEncrypted':
    'Nothing is cached at the gateway: a payment’s state must be the newest, and is its merchant’s alone.',
  'PCI.DSS.321::PCI.DSS.321-APIGWSSLEnabled':
    'A client certificate proves the gateway to an HTTP back end. These are Lambda integrations, invoked under IAM over TLS.',
};

export const OF_STAGE_WITHOUT_FIREWALL: Acknowledgements = {
  'AwsSolutions::AwsSolutions-APIG3':
    'A developer’s stage: no money moves, its fixed price would be most of the bill, and the throttle bounds it.',
  'PCI.DSS.321::PCI.DSS.321-APIGWAssociatedWithWAF':
    'A developer’s stage: no money moves and no cardholder is near, its fixed price would be most of the bill.',
};

export const OF_ACCOUNT_LOG_ROLE: Acknowledgements = {
  ...OF_OWN_POLICY,
  'AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:*]':
    'API Gateway writes the logs of all APIs of an account by one role, and refuses one that may not write to every group.',
};

export const OF_ROLL_OUT_ROLE: Acknowledgements = {
  ...OF_OWN_POLICY,
  'AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:cloudwatch:<AWS::Region>:<AWS::AccountId>:alarm:*]':
    'CodeDeploy reads the state of the alarms that roll back. It may see those of this account and region, and change none.',
};

export const OF_VPC: Acknowledgements = {
  'PCI.DSS.321::PCI.DSS.321-VPCDefaultSecurityGroupClosed':
    'Nothing is in the default group: the cluster has a group of its own without any rule. To empty the default one takes a custom resource that may edit security groups, which is more than it would close.',
};

export const OF_ROTATED_SECRET: Acknowledgements = {
  'AwsSolutions::AwsSolutions-SMG4':
    'It is rotated every 30 days. The schedule is beside the rotating function, in the pipeline’s stack, where the rule does not look; a test does.',
};

export const OF_UNPROTECTED_CLUSTER: Acknowledgements = {
  'AwsSolutions::AwsSolutions-RDS10':
    'The stage holds no money and is made to be taken down; in the stage that takes real money it is protected.',
};

export const OF_SIMULATOR_API: Acknowledgements = {
  'AwsSolutions::AwsSolutions-APIG2':
    'It plays PSPs, and refuses bad requests in their words, with codes that its callers are tested against.',
  'AwsSolutions::AwsSolutions-COG4':
    'Its callers are the executor and an operator’s command, with keys made of a generated secret; nobody signs in.',
};

export const OF_SIMULATOR_ROUTE: Acknowledgements = {
  'AwsSolutions::AwsSolutions-APIG4':
    'As at a PSP, the function itself checks the caller’s key; each PSP and the control address have their own, made of a generated secret. No money is behind it.',
};

export const OF_PAYMENT_PAGE: Acknowledgements = {
  'AwsSolutions::AwsSolutions-APIG4':
    'Buyers have no key: as at a PSP, they open the page by its address. What a form does needs the token that its page shows. No money is behind it.',
};

export const OF_SIMULATOR_SECRET: Acknowledgements = {
  'AwsSolutions::AwsSolutions-SMG4':
    'It opens PSPs that only pretend, and a schedule would guard nothing. A new value can be put at any time: whoever is refused reads it anew.',
};
