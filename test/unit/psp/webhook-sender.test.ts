import { expect, it } from 'vitest';
import {
  createWebhookSender,
  refuseOtherMachines,
  refuseWithoutTls,
} from '../../../adapters/psp/simulator/webhook-sender.ts';
import { systemClock } from '../../../local/clock.ts';

const ofLocal = createWebhookSender(refuseOtherMachines, systemClock);
const ofDeployed = createWebhookSender(refuseWithoutTls, systemClock);

it.each([
  ['http://127.0.0.1:4000/webhooks', true, false],
  ['http://localhost/', true, false],
  ['http://[::1]:1/', true, false],
  ['https://127.0.0.1/', true, true],
  ['https://hooks.example/psp?x=1', false, true],
  ['http://hooks.example/', false, false],
  ['http://127.0.0.1.hooks.example/', false, false],
  ['file:///etc/hosts', false, false],
  ['/webhooks', false, false],
])('%s is a receiver for the local simulator: %s, for a deployed one: %s', (url, local, deployed) => {
  expect([ofLocal, ofDeployed].map((sender) => sender.refusalOf(url) === undefined)).toEqual([
    local,
    deployed,
  ]);
});
