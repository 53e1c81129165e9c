import { describe, expect, test } from 'vitest';
import { targetOf } from '../../../lambdas/receive-event/return.ts';

const target = (url: string | null, takesRealMoney = true) => targetOf(url, 'pay_1', takesRealMoney);

describe('a buyer is sent on', () => {
  test.each([
    ['https://shop.example/done', 'https://shop.example/done?payment_id=pay_1'],
    ['https://shop.example', 'https://shop.example/?payment_id=pay_1'],
    ['https://shop.example/done?order=1', 'https://shop.example/done?order=1&payment_id=pay_1'],
    ['https://shop.example/done?', 'https://shop.example/done?payment_id=pay_1'],
    ['https://shop.example/done?a=1&', 'https://shop.example/done?a=1&payment_id=pay_1'],
    ['https://shop.example/done#top', 'https://shop.example/done?payment_id=pay_1#top'],
    ['https://shop.example/?q=a%20b+c#x?y', 'https://shop.example/?q=a%20b+c&payment_id=pay_1#x?y'],
    ['https://shop.example:8443/주문', 'https://shop.example:8443/%EC%A3%BC%EB%AC%B8?payment_id=pay_1'],
  ])('to %s, with the payment’s id and otherwise unchanged', (url, expected) => {
    expect(target(url)).toBe(expected);
  });

  test.each(['http://localhost:3000/', 'http://127.0.0.1:3000/', 'http://[::1]:3000/'])(
    'to %s where no real money is taken',
    (url) => {
      expect(target(url, false)).toBe(`${url}?payment_id=pay_1`);
      expect(target(url, true)).toBeUndefined();
    },
  );
});

describe('a buyer is sent nowhere', () => {
  test.each([
    null,
    '',
    '/relative',
    '//shop.example/',
    'http://shop.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'http://localhost.shop.example/',
  ])('if the stored address is %s', (url) => {
    expect(target(url, false)).toBeUndefined();
  });

  test('but to an address in one line: no header can be added', () => {
    expect(target('https://shop.example/\r\nset-cookie: a=b')).not.toMatch(/[\r\n]/);
  });
});
