/**
 * Resource types that a template may hold and that nothing is done for here, each with the reason why that changes
 * nothing on one machine. Any other type that isn't implemented stops the start.
 */
export const INERT_RESOURCES: ReadonlyMap<string, string> = new Map([
  ['AWS::ApiGateway::BasePathMapping', 'the API has this machine’s address alone'],
  ['AWS::ApiGateway::Deployment', 'a snapshot of the routes; here they are always the newest'],
  ['AWS::ApiGateway::DomainName', 'the API has this machine’s address alone'],
  ['AWS::CloudWatch::Dashboard', 'draws metrics for people; here they are asked for at the control address'],
  ['AWS::CodeDeploy::Application', 'one version is deployed here, all at once'],
  ['AWS::CodeDeploy::DeploymentGroup', 'one version is deployed here, all at once'],
  ['AWS::EC2::FlowLog', 'there is no network between the services'],
  ['AWS::EC2::RouteTable', 'there is no network between the services'],
  ['AWS::EC2::SecurityGroup', 'there is no network between the services'],
  ['AWS::EC2::Subnet', 'there is no network between the services'],
  ['AWS::EC2::SubnetRouteTableAssociation', 'there is no network between the services'],
  ['AWS::EC2::VPC', 'there is no network between the services'],
  ['AWS::KMS::Alias', 'a key’s second name, which no policy here goes by'],
  ['AWS::RDS::DBClusterParameterGroup', 'it says what is logged, and nothing is here'],
  ['AWS::RDS::DBInstance', 'the cluster is one PostgreSQL server'],
  ['AWS::RDS::DBSubnetGroup', 'there is no network between the services'],
  ['AWS::SNS::Subscription', 'no mail leaves this machine: what is published is kept in a file'],
  ['AWS::SecretsManager::SecretTargetAttachment', 'the secret and the cluster are made together'],
  ['AWS::WAFv2::LoggingConfiguration', 'nobody but the owner of this machine can reach the API'],
  ['AWS::WAFv2::WebACL', 'nobody but the owner of this machine can reach the API'],
  ['AWS::WAFv2::WebACLAssociation', 'nobody but the owner of this machine can reach the API'],
  ['AWS::CDK::Metadata', 'says which version of the CDK wrote the template'],
]);
