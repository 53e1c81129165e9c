import { describe, expect, test } from 'vitest';
import { Router } from '../../../../local/api-gateway/router.ts';

const route = (method: string, path: string) => ({
  method,
  path,
  functionName: 'tiny',
  functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:tiny',
  timeoutMilliseconds: 29_000,
  authorizerId: undefined,
  requiredHeaders: [],
});

const router = new Router([
  route('GET', '/things/{id}'),
  route('GET', '/things/newest'),
  route('GET', '/things/{id}/parts/{part}'),
  route('POST', '/things'),
  route('ANY', '/anything'),
  route('GET', '/anything'),
]);

const pathOf = (method: string, path: string) => router.match(method, path)?.route.path;

describe('a request', () => {
  test('finds the route of its method and path', () => {
    expect(pathOf('POST', '/things')).toBe('/things');
  });

  test('finds the literal path before one with a parameter', () => {
    expect(pathOf('GET', '/things/newest')).toBe('/things/newest');
  });

  test('of any method finds a route for ANY', () => {
    expect(pathOf('PATCH', '/anything')).toBe('/anything');
  });

  test('finds the route of its method before one for ANY', () => {
    expect(router.match('GET', '/anything')?.route.method).toBe('GET');
  });

  test.each([
    ['another method', 'DELETE', '/things'],
    ['a path that is not there', 'GET', '/nothing'],
    ['a longer path', 'GET', '/things/1/parts/2/more'],
    ['a shorter path', 'GET', '/things'],
    ['an empty parameter', 'GET', '/things/'],
    ['a parameter that is not UTF-8', 'GET', '/things/%ff'],
    ['a literal part in other letters', 'POST', '/Things'],
  ])('with %s finds none', (_name, method, path) => {
    expect(router.match(method, path)).toBeUndefined();
  });
});

describe('path parameters', () => {
  const parametersOf = (path: string) => router.match('GET', path)?.pathParameters;

  test('are given by name', () => {
    expect(parametersOf('/things/1/parts/2')).toEqual({ id: '1', part: '2' });
  });

  test('are decoded, a slash in them included', () => {
    expect(parametersOf('/things/a%2Fb%20%C3%A9')).toEqual({ id: 'a/b é' });
  });
});
