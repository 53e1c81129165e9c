import type { RouteResource } from '../template/resources.ts';

export interface Match {
  readonly route: RouteResource;
  /** Decoded. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** Finds the method of a path: literal parts before parameters, and a method's own route before ANY, as the gateway does. */
export class Router {
  private readonly routes: readonly { readonly route: RouteResource; readonly parts: readonly string[] }[];

  constructor(routes: readonly RouteResource[]) {
    const literals = (path: string) => partsOf(path).filter((part) => !part.startsWith('{')).length;
    this.routes = routes
      .toSorted(
        (one, other) =>
          literals(other.path) - literals(one.path) ||
          Number(one.method === 'ANY') - Number(other.method === 'ANY'),
      )
      .map((route) => ({ route, parts: partsOf(route.path) }));
  }

  match(method: string, path: string): Match | undefined {
    const parts = partsOf(path);
    for (const candidate of this.routes) {
      if (candidate.route.method !== method && candidate.route.method !== 'ANY') continue;
      const pathParameters = parametersOf(candidate.parts, parts);
      if (pathParameters !== undefined) return { route: candidate.route, pathParameters };
    }
    return undefined;
  }
}

function partsOf(path: string): readonly string[] {
  return path.split('/').slice(1);
}

function parametersOf(
  pattern: readonly string[],
  parts: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const given = parts[index] ?? '';
    const name = /^\{(.+)\}$/.exec(expected)?.[1];
    if (name === undefined) {
      if (given !== expected) return undefined;
    } else {
      const decoded = decode(given);
      if (decoded === undefined || decoded === '') return undefined;
      parameters[name] = decoded;
    }
  }
  return parameters;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
