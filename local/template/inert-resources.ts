/**
 * Resource types that are ignored here, each with the reason why that makes no difference on one machine. Any other type that
 * isn't implemented stops the start.
 */
export const INERT_RESOURCES: ReadonlyMap<string, string> = new Map([
  ['AWS::ApiGateway::BasePathMapping', 'the API has this machine’s address alone'],
  ['AWS::ApiGateway::Deployment', 'a snapshot of the routes; here the newest ones always apply'],
  ['AWS::ApiGateway::DomainName', 'the API has this machine’s address alone'],
  ['AWS::CloudWatch::Dashboard', 'shows metrics to people; here the control address returns them'],
  ['AWS::CodeDeploy::Application', 'one version is deployed here, all at once'],
  ['AWS::CodeDeploy::DeploymentGroup', 'one version is deployed here, all at once'],
  ['AWS::EC2::FlowLog', 'there is no network between the services'],
  ['AWS::EC2::RouteTable', 'there is no network between the services'],
  ['AWS::EC2::SecurityGroup', 'there is no network between the services'],
  ['AWS::EC2::Subnet', 'there is no network between the services'],
  ['AWS::EC2::SubnetRouteTableAssociation', 'there is no network between the services'],
  ['AWS::EC2::VPC', 'there is no network between the services'],
  ['AWS::KMS::Alias', 'a key’s second name, which no policy here uses'],
  ['AWS::RDS::DBClusterParameterGroup', 'it configures logging, and nothing is logged here'],
  ['AWS::RDS::DBInstance', 'the cluster is one PostgreSQL server'],
  ['AWS::RDS::DBSubnetGroup', 'there is no network between the services'],
  ['AWS::SNS::Subscription', 'no mail is sent from this machine: notifications are kept in a file'],
  ['AWS::SecretsManager::SecretTargetAttachment', 'the secret and the cluster are created together'],
  ['AWS::WAFv2::LoggingConfiguration', 'nobody but the owner of this machine can reach the API'],
  ['AWS::WAFv2::WebACL', 'nobody but the owner of this machine can reach the API'],
  ['AWS::WAFv2::WebACLAssociation', 'nobody but the owner of this machine can reach the API'],
  ['AWS::CDK::Metadata', 'says which version of the CDK wrote the template'],
]);
