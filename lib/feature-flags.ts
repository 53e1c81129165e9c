/**
 * The CDK's newer behaviours that this app's templates depend on. The app sets them, rather than cdk.json, so that every
 * synthesis is the same: that of the CDK's command line, of the local runtime and of the tests.
 */
export const FEATURE_FLAGS: Readonly<Record<string, unknown>> = {
  // Merges the statements for one resource into one, which is easier to review.
  '@aws-cdk/aws-iam:minimizePolicies': true,
  // A change of the authorizer creates a new deployment of the API; without one it would not take effect.
  '@aws-cdk/aws-apigateway:authorizerChangeDeploymentLogicalId': true,
  // A group without alarms says so explicitly: CloudFormation doesn't change what a template leaves out.
  '@aws-cdk/aws-codedeploy:removeAlarmsFromDeploymentGroup': true,
  // A template can't contain a secret's value.
  '@aws-cdk/core:checkSecretUsage': true,
  // CloudFormation refuses to remove what the pipeline uses from the data stack.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
};
