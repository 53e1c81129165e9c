import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as z from 'zod';
import type { AlarmStatus } from './alarms/alarms.ts';
import type { MetricName } from './alarms/metrics.ts';
import type { Notification } from './alarms/notifications.ts';
import { listen } from './http-server.ts';
import type { RequestCount } from './request-counter.ts';
import type { RunningService } from './service-request.ts';

/** What a running runtime offers to tests, measurements and people. */
export interface RuntimeControl {
  /** What prevents the runtime from working; empty if nothing does. */
  troubles(): Promise<readonly string[]>;
  counts(): readonly RequestCount[];
  resetCounts(): void;
  alarms(): readonly AlarmStatus[];
  /** The alarms' notifications, newest last. */
  notifications(): readonly Notification[];
  /** Adds a datapoint for now, in place of a service that doesn't exist on this machine. */
  putMetric(metric: MetricName, value: number): void;
  /** CPU milliseconds since the start, by component. */
  cpu(): Promise<Readonly<Record<string, number>>>;
  /** Kills one environment of the function in the middle of an invocation; false when none is busy. */
  kill(functionName: string): Promise<boolean>;
  /** Runs now what the schedule of this function, or of `all`, would run later; false if there is none. */
  runSchedule(functionName: string): Promise<boolean>;
  /** Stops or restarts the polling of queues; messages accumulate meanwhile. */
  pausePolling(paused: boolean): void;
  /** Makes the database answer as if it were resuming. */
  resumingFor(seconds: number): void;
}

const commandSchema = z.union([
  z.strictObject({ reset_counts: z.literal(true) }),
  z.strictObject({ kill_function: z.string() }),
  z.strictObject({ run_schedule: z.string() }),
  z.strictObject({ pause_polling: z.boolean() }),
  z.strictObject({ database_resuming_for_seconds: z.number().min(0).max(600) }),
]);

const datapointSchema = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  dimensions: z.record(z.string(), z.string()),
  value: z.number(),
});

const COMMANDS =
  '{"reset_counts":true} | {"kill_function":"execute-instructions"} | {"run_schedule":"relay-instructions"} | {"pause_polling":true} | {"database_resuming_for_seconds":15}';

/** `GET /ready`, `GET /counts`, `GET /cpu`, `GET /alarms`, `GET /notifications`, `POST /metrics`, `POST /control`. */
export async function startControlServer(port: number, control: RuntimeControl): Promise<RunningService> {
  const server = createServer((request, response) => {
    void serve(request, control).then(
      ([status, body]) => reply(response, status, body),
      (error: unknown) => reply(response, 500, { error: String(error) }),
    );
  });
  return listen(server, port);
}

async function serve(request: IncomingMessage, control: RuntimeControl): Promise<readonly [number, object]> {
  const route = `${request.method} ${request.url}`;
  if (route === 'GET /ready') return readiness(await control.troubles());
  if (route === 'GET /counts') return [200, { counts: control.counts() }];
  if (route === 'GET /cpu') return [200, { cpu_milliseconds: await control.cpu() }];
  if (route === 'GET /alarms') return [200, { alarms: control.alarms() }];
  if (route === 'GET /notifications') return [200, { notifications: control.notifications() }];
  if (route === 'POST /metrics') return putMetric(await bodyOf(request), control);
  if (route !== 'POST /control')
    return [
      404,
      {
        error: `${route} does not exist; use GET /ready, GET /counts, GET /cpu, GET /alarms, GET /notifications, POST /metrics or POST /control`,
      },
    ];
  const command = commandSchema.safeParse(await bodyOf(request));
  if (!command.success) return [400, { error: `not a command; send ${COMMANDS}` }];
  return [200, { done: await carryOut(command.data, control) }];
}

function readiness(reasons: readonly string[]): readonly [number, object] {
  const ready = reasons.length === 0;
  return [ready ? 200 : 503, { ready, reasons }];
}

function putMetric(body: unknown, control: RuntimeControl): readonly [number, object] {
  const datapoint = datapointSchema.safeParse(body);
  if (!datapoint.success) {
    return [
      400,
      {
        error:
          'not a datapoint; send {"namespace":"AWS/RDS","name":"ACUUtilization","dimensions":{"DBClusterIdentifier":"…"},"value":100}',
      },
    ];
  }
  const { value, ...metric } = datapoint.data;
  control.putMetric(metric, value);
  return [200, { done: true }];
}

async function carryOut(command: z.infer<typeof commandSchema>, control: RuntimeControl): Promise<boolean> {
  if ('kill_function' in command) return control.kill(command.kill_function);
  if ('run_schedule' in command) return control.runSchedule(command.run_schedule);
  if ('reset_counts' in command) control.resetCounts();
  else if ('pause_polling' in command) control.pausePolling(command.pause_polling);
  else control.resumingFor(command.database_resuming_for_seconds);
  return true;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
