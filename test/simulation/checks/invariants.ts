import { foldMovements, ORDER_AMOUNTS } from '../../../domain/ledger/order-amounts.ts';
import {
  hasFailed,
  isTerminalState,
  type ModelInstruction,
  type ModelOrder,
  type ModelState,
} from '../model/state.ts';
import type { SimulatedPsp } from '../services/simulated-psp.ts';

/** The invariants of the protocol, over what the database says and what the PSPs have done. */
export function checkInvariants(state: ModelState, psps: readonly SimulatedPsp[]): readonly string[] {
  const byName = new Map(psps.map((psp) => [psp.name, psp]));
  return [
    ...[...state.instructions.values()].flatMap((row) => checkInstruction(state, row, byName.get(row.psp))),
    ...[...state.orders.values()].flatMap((order) => checkMoney(state, order)),
    ...checkLedger(state),
    ...checkPayments(state),
  ];
}

function checkInstruction(
  state: ModelState,
  row: ModelInstruction,
  psp: SimulatedPsp | undefined,
): readonly string[] {
  const wrong = row.operation === 'charge' ? checkCharge(state, row, psp) : [];
  const expect = (holds: boolean, what: string) => {
    if (!holds) wrong.push(`${row.id}: ${what}`);
  };
  if (row.state === 'quarantined') {
    const { statusDetail } = state.order(row.orderId);
    expect(statusDetail === 'manual_review', `quarantined, and the order says ${statusDetail}`);
    expect((state.deadLetters.get(row.id)?.reason ?? '') !== '', 'quarantined without a reason');
  }
  return wrong;
}

/** The order says what became of its charge. */
function checkCharge(state: ModelState, row: ModelInstruction, psp: SimulatedPsp | undefined): string[] {
  const order = state.order(row.orderId);
  const taken = psp?.chargesOf(row.orderId) ?? [];
  const charges = taken.length;
  const wrong: string[] = [];
  const expect = (holds: boolean, what: string) => {
    if (!holds) wrong.push(`${row.id}: ${what}`);
  };
  const doubled = psp?.doubled.get(row.orderId);
  expect(charges <= (doubled === undefined ? 1 : 2), `charged ${charges} times`);
  if (order.status === 'SUCCESS') {
    expect(charges >= 1, `SUCCESS with ${charges} charges`);
    expect(doubled?.isShown !== true, 'SUCCESS, and a look-up showed two charges');
    const [charge] = taken;
    expect(
      String(charge?.amountMinor) === order.amountMinor,
      `booked ${order.amountMinor}, charged ${charge?.amountMinor}`,
    );
  }
  if (order.status === 'FAILED') expect(charges === 0, `FAILED with ${charges} charges`);
  expect((order.status === 'SUCCESS') === (row.state === 'succeeded'), `${order.status} and ${row.state}`);
  expect((order.status === 'FAILED') === hasFailed(row), `${order.status} and ${row.state}`);
  return wrong;
}

/** Invariant 3: what the order says of its money is what moved, and each movement is booked once. */
function checkMoney(state: ModelState, order: ModelOrder): readonly string[] {
  const movements = [...state.movements.values()].filter(({ orderId }) => orderId === order.id);
  const taken = movements.filter(({ kind }) => kind === 'charge' || kind === 'capture');
  const wrong: string[] = [];
  const expect = (holds: boolean, what: string) => {
    if (!holds) wrong.push(`${order.id}: ${what}`);
  };
  expect(
    (order.status === 'SUCCESS') === taken.length > 0,
    `${order.status} with ${taken.length} charges booked`,
  );
  for (const { id, instructionId, kind } of movements) {
    const { state: ended } = state.instruction(instructionId);
    const postings = [...state.postings.values()].filter(({ sourceId }) => sourceId === id).length;
    const namesakes = movements.filter(
      (other) => other.instructionId === instructionId && other.kind === kind,
    );
    expect(ended === 'succeeded', `${instructionId} moved money and is ${ended}`);
    expect(namesakes.length === 1, `the ${kind} of ${instructionId} is booked ${namesakes.length} times`);
    expect(postings === 1, `the ${kind} of ${instructionId} is posted ${postings} times`);
  }
  const open = [...state.instructions.values()]
    .filter((row) => row.orderId === order.id && !isTerminalState(row.state))
    .map(({ operation, amountMinor }) => ({ operation, amountMinor: BigInt(amountMinor) }));
  const folded = foldMovements(movements, open);
  for (const name of ORDER_AMOUNTS)
    expect(
      order.amounts[name] === folded[name],
      `${name} is ${order.amounts[name]}, its movements say ${folded[name]}`,
    );
  return wrong;
}

function checkLedger(state: ModelState): readonly string[] {
  return [...state.postings].flatMap(([id, { sourceId, entries }]) => {
    const sum = entries.reduce(
      (total, entry) => total + (entry.direction === 'debit' ? entry.amountMinor : -entry.amountMinor),
      0n,
    );
    const isFound = [...state.movements.values()].some((movement) => movement.id === sourceId);
    return [
      ...(sum === 0n ? [] : [`${id} is out of balance by ${sum}`]),
      ...(isFound ? [] : [`${id} books the movement ${sourceId}, which there is not`]),
    ];
  });
}

function checkPayments(state: ModelState): readonly string[] {
  return [...state.payments.values()].flatMap((payment) => {
    const orders = [...state.orders.values()].filter((order) => order.paymentId === payment.id);
    const succeeded = orders.filter(({ status }) => status === 'SUCCESS').length;
    const failed = orders.filter(({ status }) => status === 'FAILED').length;
    const isTrue = payment.succeeded === succeeded && payment.failed === failed;
    return isTrue
      ? []
      : [`${payment.id} counts ${payment.succeeded} + ${payment.failed}, not ${succeeded} + ${failed}`];
  });
}

/** What has not come to its end. What depends on a quarantined instruction waits for a person, as that does. */
export function openInstructions(state: ModelState): readonly ModelInstruction[] {
  const isForAPerson = (row: ModelInstruction | undefined): boolean =>
    row !== undefined && (row.state === 'quarantined' || isForAPerson(state.parentOf(row)));
  return [...state.instructions.values()].filter((row) => !isTerminalState(row.state) && !isForAPerson(row));
}
