/**
 * The CDK's newer behaviours that this app's templates depend on. They are set in the app rather than in cdk.json, so
 * that every synthesis is the same: the CDK's command line, the one-machine runtime's and the tests'.
 */
export const FEATURE_FLAGS: Readonly<Record<string, unknown>> = {
  // Statements for one resource become one statement, easier to review.
  '@aws-cdk/aws-iam:minimizePolicies': true,
  // A change of the authorizer makes a new deployment of the API; without one it would not take effect.
  '@aws-cdk/aws-apigateway:authorizerChangeDeploymentLogicalId': true,
  // Groups that are to be without alarms say so: what a template leaves out, CloudFormation leaves as it was.
  '@aws-cdk/aws-codedeploy:removeAlarmsFromDeploymentGroup': true,
  // A secret's value can't slip into a template.
  '@aws-cdk/core:checkSecretUsage': true,
  // What the pipeline uses can't be taken out of the data stack: CloudFormation refuses.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
};
