import { UnresolvableError } from './errors.ts';
import { clusterProperties, rotationProperties, secretProperties } from './properties.ts';
import type { ResourceReader } from './resource-reader.ts';
import type { ClusterResource, SecretResource } from './resources.ts';

/** The templates' secrets, each with the function that rotates it. */
export function readSecrets(reader: ResourceReader): readonly SecretResource[] {
  const rotations = new Map(
    reader.all('AWS::SecretsManager::RotationSchedule', rotationProperties, (properties) => [
      properties.SecretId,
      properties.RotationLambdaARN,
    ]),
  );
  return reader.all('AWS::SecretsManager::Secret', secretProperties, (properties, { stack, logicalId }) => {
    const arn = reader.identities.secretArn(stack, logicalId, properties.Name);
    const { GenerateSecretString: rules = {} } = properties;
    return {
      arn,
      name: reader.identities.physicalName(stack, logicalId, properties.Name),
      generate: {
        template: rules.SecretStringTemplate,
        key: rules.GenerateStringKey,
        rules: {
          length: rules.PasswordLength,
          excludeCharacters: rules.ExcludeCharacters,
          excludePunctuation: rules.ExcludePunctuation,
        },
      },
      rotationFunctionArn: rotations.get(arn),
    };
  });
}

/** @throws UnresolvableError if the master's password doesn't come from a secret */
export function readCluster(reader: ResourceReader): ClusterResource | undefined {
  const [cluster] = reader.all(
    'AWS::RDS::DBCluster',
    clusterProperties,
    (properties, { stack, logicalId }) => {
      const reference = /^\{\{resolve:secretsmanager:(.+):SecretString:password::\}\}$/;
      const secretArn = reference.exec(properties.MasterUserPassword)?.[1];
      if (secretArn === undefined) {
        throw new UnresolvableError(
          `${stack.name}: the master's password of ${logicalId} is not a secret's.`,
        );
      }
      return {
        arn: reader.identities.clusterArn(logicalId),
        database: properties.DatabaseName,
        masterUser: properties.MasterUsername,
        secretArn,
      };
    },
  );
  return cluster;
}
