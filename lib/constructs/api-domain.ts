import { CfnOutput } from 'aws-cdk-lib';
import { DomainName, EndpointType, type RestApi, SecurityPolicy } from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Construct } from 'constructs';
import type { StageConfig } from '../stage-config.ts';

export interface ApiDomainProps {
  readonly domain: NonNullable<StageConfig['domain']>;
  readonly api: RestApi;
  /** The API's stage, whose name is the first part of every path. */
  readonly stageName: string;
}

/** The API under the team's own name, with TLS 1.2 or newer. The team's DNS points the name to the one in the output. */
export class ApiDomain extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, { domain, api, stageName }: ApiDomainProps) {
    super(scope, id);
    const name = new DomainName(this, 'Name', {
      domainName: domain.name,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', domain.certificateArn),
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
    });
    // The same path as at AWS's own address, including the version.
    name.addBasePathMapping(api, { basePath: stageName, stage: api.deploymentStage });
    this.url = `https://${domain.name}/${stageName}/`;
    new CfnOutput(this, 'Target', { value: name.domainNameAliasDomainName });
  }
}
