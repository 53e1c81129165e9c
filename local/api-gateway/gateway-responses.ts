import type { GatewayResponseResource } from '../template/resources.ts';

export interface GatewayAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The gateway's default answers: status and message unless the template overrides them. */
const DEFAULTS = {
  BAD_REQUEST_PARAMETERS: [400, 'Missing required request parameters'],
  UNAUTHORIZED: [401, 'Unauthorized'],
  ACCESS_DENIED: [403, 'User is not authorized to access this resource'],
  MISSING_AUTHENTICATION_TOKEN: [403, 'Missing Authentication Token'],
  REQUEST_TOO_LARGE: [413, 'Request Too Long'],
  /** Not among the types that AWS lists: it is answered like its class. */
  REQUEST_URI_TOO_LONG: [414, 'Request URI too long'],
  THROTTLED: [429, 'Too Many Requests'],
  API_CONFIGURATION_ERROR: [500, 'Internal server error'],
  AUTHORIZER_FAILURE: [500, 'Internal server error'],
  AUTHORIZER_CONFIGURATION_ERROR: [500, 'Internal server error'],
  INTEGRATION_FAILURE: [504, 'Internal server error'],
  INTEGRATION_TIMEOUT: [504, 'Endpoint request timed out'],
  DEFAULT_5XX: [502, 'Internal server error'],
} as const;

export type GatewayResponseType = keyof typeof DEFAULTS;

/** Renders the template's response of this type, else the default of its class, else AWS's own. */
export function gatewayResponse(
  type: GatewayResponseType,
  responses: ReadonlyMap<string, GatewayResponseResource>,
  context: { readonly requestId: string; readonly path: string },
): GatewayAnswer {
  const [ownStatus, message] = DEFAULTS[type];
  const fallback = ownStatus >= 500 ? 'DEFAULT_5XX' : 'DEFAULT_4XX';
  const resource = responses.get(type) ?? responses.get(fallback);
  const status = resource?.status ?? ownStatus;
  const variables: Readonly<Record<string, string>> = {
    requestId: context.requestId,
    extendedRequestId: context.requestId,
    path: context.path,
    status: String(status),
    'error.message': message,
    'error.messageString': JSON.stringify(message),
    'error.responseType': type,
  };
  const headers = Object.entries(resource?.headers ?? {}).map(([name, value]) => [
    name.replace(/^gatewayresponse\.header\./, ''),
    headerValue(value, variables),
  ]);
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'x-amzn-requestid': context.requestId,
      'x-amzn-errortype': type,
      ...lowerCased(headers),
    },
    body: render(resource?.template ?? '{"message":$context.error.messageString}', variables),
  };
}

/** A constant in single quotes, or a variable. */
function headerValue(value: string, variables: Readonly<Record<string, string>>): string {
  return /^'(.*)'$/.exec(value)?.[1] ?? variables[value.replace(/^context\./, '')] ?? '';
}

/** What a client chose (the path) is escaped, so that it can't break out of its JSON string. */
function render(template: string, variables: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\$context\.([A-Za-z]+(?:\.[A-Za-z]+)?)/g, (_all, name: string) => {
    const value = variables[name] ?? '';
    return name === 'error.messageString' ? value : JSON.stringify(value).slice(1, -1);
  });
}

function lowerCased(headers: readonly (readonly (string | undefined)[])[]): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [String(name).toLowerCase(), String(value)]));
}
