import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServiceMetrics } from './alarms/service-metrics.ts';
import { apiKeyModeIn, provideApiKeys } from './api-keys.ts';
import { type Clock, systemClock } from './clock.ts';
import { startControlServer } from './control-server.ts';
import { cpuByComponent, type MeasuredParts } from './cpu-by-component.ts';
import { lockData } from './data-lock.ts';
import { type RunningDynamoDb, startDynamoDb } from './dynamodb/start-dynamodb.ts';
import { type Endpoints, endpointsOf, removeEndpoints, writeEndpoints } from './endpoints.ts';
import { FunctionLog } from './function-log.ts';
import { type ProvidedAccess, provideAccess } from './iam/provide-access.ts';
import { Functions, type SdkServices, sdkEnvironment } from './lambda/functions.ts';
import { asLogLine } from './log-line.ts';
import type { Ports } from './ports.ts';
import { type RunningPostgres, startPostgres } from './postgres/start-postgres.ts';
import { probe } from './probe.ts';
import { type PspHost, type PspsOptions, type RunningPsps, startPsps } from './psps.ts';
import type { RunningRdsData } from './rds-data/start-rds-data.ts';
import { Readiness } from './readiness.ts';
import { RequestCounter } from './request-counter.ts';
import { type Serving, serve } from './serve.ts';
import { provideQueues } from './sqs/provide-queues.ts';
import { type RunningSqs, startSqs } from './sqs/start-sqs.ts';
import { type DatabaseServices, startDatabaseServices } from './start-database.ts';
import { readAccessRules } from './template/access-rules.ts';
import { type Assembly, readAssembly } from './template/assembly.ts';
import { assertKnown, readDeployment } from './template/deployment.ts';
import type { Deployment } from './template/resources.ts';
import { synthesize } from './template/synthesize.ts';

const ACCOUNT_ID = '000000000000';
const REGION = 'us-east-1';

export interface RuntimeOptions {
  /** Where all state is kept. */
  readonly directory: string;
  readonly stage: string;
  readonly ports: Ports;
  /** What simulates the PSPs; this machine by default. */
  readonly psp?: PspHost;
  readonly clock?: Clock;
  /** Called with each step, one line each. */
  readonly onStep?: (step: string) => void;
  /** One line of a function's output, mostly JSON. */
  readonly onFunctionLine?: (line: string) => void;
}

export interface RunningRuntime {
  readonly endpoints: Endpoints;
  /** Stops everything, including PostgreSQL; the state is kept. */
  close(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/**
 * Starts the whole pipeline from the synthesized templates.
 *
 * @throws DataInUseError, PortTakenError, SynthesisError, UnknownResourceError, PostgresStartError …; nothing stays behind
 */
export async function startRuntime(options: RuntimeOptions): Promise<RunningRuntime> {
  const directory = resolve(options.directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const closers: (() => void | Promise<void>)[] = [lockData(directory)];
  const close = async () => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    removeEndpoints(directory);
    closers.push(() => removeEndpoints(directory));
    const endpoints = await new Starter({ ...options, directory }, closers).start();
    return { endpoints, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The start, step by step; parts are stopped in the reverse order. */
class Starter {
  private readonly options: RuntimeOptions;
  private readonly closers: (() => void | Promise<void>)[];
  private readonly clock: Clock;
  private readonly counter = new RequestCounter();
  private readonly log: FunctionLog;
  private readonly measured: ServiceMetrics;
  private readonly readiness: Readiness;

  constructor(options: RuntimeOptions, closers: (() => void | Promise<void>)[]) {
    this.options = options;
    this.closers = closers;
    this.clock = options.clock ?? systemClock;
    this.measured = new ServiceMetrics(this.clock);
    this.readiness = new Readiness((line) => options.onFunctionLine?.(asLogLine('local-runtime', line)));
    this.log = new FunctionLog(join(options.directory, 'logs'), this.readiness);
    this.closers.push(() => this.log.flush());
  }

  async start(): Promise<Endpoints> {
    const { directory, stage } = this.options;
    this.step('synthesizing the stacks');
    const synthesizing = synthesize({ root: ROOT, cache: join(ROOT, 'node_modules/.cache/oncepay'), stage });
    // Both take a second and are independent. A failure of the first is thrown where it is awaited.
    synthesizing.catch(() => {});
    const postgres = await this.startPostgres();
    const assembly = readAssembly(await synthesizing);
    assertKnown(assembly);
    this.step('starting SQS, DynamoDB, the Data API and the PSP simulator');
    const iam = this.provideAccess(assembly);
    const sqs = await this.startSqs(iam);
    const deployment = readDeployment(assembly, {
      accountId: ACCOUNT_ID,
      region: REGION,
      queueUrl: sqs.urlOf,
    });
    provideQueues(sqs.engine, deployment.queues);
    const dynamodb = await this.startDynamoDb(deployment, iam);
    const { secretsManager, rdsData } = await this.startDatabase(postgres, deployment, iam, () => functions);
    const psp = await this.startPsps(deployment, iam, secretsManager.textOf, () => functions);
    const services = { sqs, dynamodb, rdsData, secretsManager, psp };
    const functions = this.createFunctions(deployment, services, iam);
    iam.roles.assertDeployable(deployment);
    await this.runTriggers(deployment, functions);
    const keys = await provideApiKeys(directory, apiKeyModeIn(deployment), postgres.url);
    this.step('opening the API');
    const serving = await this.serve(deployment, sqs, functions, iam);
    psp.sendEventsTo(serving.api);
    const control = await this.startControl({ functions, dynamodb, postgres }, rdsData, serving);
    const addresses = { gateway: serving.api, control: control.url, keys, deployment, postgres };
    const endpoints = endpointsOf({ ...addresses, ...services });
    writeEndpoints(directory, endpoints);
    return endpoints;
  }

  private step(step: string): void {
    this.options.onStep?.(step);
  }

  private async startPostgres(): Promise<RunningPostgres> {
    this.step('starting PostgreSQL');
    const directory = join(this.options.directory, 'postgres');
    const postgres = await startPostgres({
      directory,
      port: this.options.ports.postgres,
      database: 'oncepay',
      onTrouble: (line) => this.writeLine(asLogLine('local-runtime', line)),
    });
    this.closers.push(postgres.close);
    return postgres;
  }

  private provideAccess(assembly: Assembly): ProvidedAccess {
    // A policy names a queue by its ARN: the addresses, which aren't known yet, don't matter.
    const options = { accountId: ACCOUNT_ID, region: REGION, queueUrl: (name: string) => name };
    const directories = { data: this.options.directory, gathered: process.env.ONCEPAY_IAM_USAGE };
    return provideAccess(readAccessRules(assembly, options), directories, this.writeLine, this.readiness);
  }

  private readonly writeLine = (line: string): void => {
    this.log.write(line);
    this.measured.lineWritten(line);
    this.options.onFunctionLine?.(line);
  };

  private async startSqs({ access }: ProvidedAccess): Promise<RunningSqs> {
    const { directory, ports } = this.options;
    const sqs = await startSqs({
      port: ports.sqs,
      directory: join(directory, 'sqs'),
      clock: this.clock,
      accountId: ACCOUNT_ID,
      region: REGION,
      observer: this.counter.observe,
      access,
    });
    this.closers.push(sqs.close);
    return sqs;
  }

  private async startDynamoDb({ tables }: Deployment, access: ProvidedAccess): Promise<RunningDynamoDb> {
    const { directory, ports } = this.options;
    const dynamodb = await startDynamoDb({
      port: ports.dynamodb,
      directory: join(directory, 'dynamodb'),
      region: REGION,
      tables,
      observer: this.counter.observe,
      readiness: this.readiness,
      access,
    });
    this.closers.push(dynamodb.close);
    return dynamodb;
  }

  private startDatabase(
    postgres: RunningPostgres,
    deployment: Deployment,
    iam: ProvidedAccess,
    functions: () => Functions,
  ): Promise<DatabaseServices> {
    const { directory, ports } = this.options;
    const { observe: observer } = this.counter;
    return startDatabaseServices(
      {
        deployment,
        postgres,
        iam,
        ports,
        directory,
        functions,
        observer,
        clock: this.clock,
        onLine: this.writeLine,
      },
      (close) => this.closers.push(close),
    );
  }

  private startPsps(
    deployment: Deployment,
    { roles }: ProvidedAccess,
    secretOf: PspsOptions['secretOf'],
    functions: () => Functions,
  ): Promise<RunningPsps> {
    const { psp: host = 'local', directory, ports } = this.options;
    const options = { host, deployment, directory, ports, secretOf, functions, roles, ...this.place() };
    return startPsps(options, (close) => this.closers.push(close));
  }

  /** An API's address and its observer. */
  private place() {
    return {
      accountId: ACCOUNT_ID,
      region: REGION,
      clock: this.clock,
      measured: this.measured,
      observer: this.counter.observe,
    };
  }

  private createFunctions(
    deployment: Deployment,
    services: SdkServices & { readonly psp: RunningPsps },
    { roles }: ProvidedAccess,
  ): Functions {
    const functions = new Functions({
      deployment,
      environment: sdkEnvironment(REGION, services),
      simulatorUrls: services.psp.urls,
      onLine: this.writeLine,
      observer: this.counter.observe,
      onInvocation: this.measured.invocationEnded,
      mayLog: (name) => roles.mayLog(name),
    });
    this.closers.push(() => functions.close());
    return functions;
  }

  /** Runs what CloudFormation would run during a deployment: the migrations, before anything serves. */
  private async runTriggers({ triggers }: Deployment, functions: Functions): Promise<void> {
    for (const arn of triggers) {
      const host = functions.byArn(arn);
      this.step(`running ${host.resource.serviceName}`);
      await host.invoke({}, 'cloudformation');
    }
  }

  private serve(deployment: Deployment, sqs: RunningSqs, functions: Functions, { roles }: ProvidedAccess) {
    const { directory, ports } = this.options;
    const { readiness } = this;
    const options = { deployment, sqs, functions, roles, directory, readiness, apiPort: ports.api };
    return serve({ ...options, ...this.place() }, (close) => this.closers.push(close));
  }

  private async startControl(parts: MeasuredParts, rdsData: RunningRdsData, serving: Serving) {
    const { readiness } = this;
    const { directory, ports } = this.options;
    const control = await startControlServer(ports.runtime, {
      troubles: () => probe({ ...parts, readiness, directory }),
      counts: () => this.counter.list(),
      resetCounts: () => this.counter.reset(),
      cpu: () => cpuByComponent(parts),
      ...serving.alarms.control(),
      kill: (functionName) => parts.functions.kill(functionName),
      runSchedule: (functionName) => serving.events.runSchedule(functionName),
      pausePolling: serving.events.pausePolling,
      resumingFor: (seconds) => rdsData.resumingFor(seconds * 1000),
    });
    this.closers.push(control.close);
    return control;
  }
}
