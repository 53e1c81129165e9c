import type { Database } from '../../../adapters/database/database.ts';
import { ACCEPT } from '../../../adapters/database/statements/accept-payment.ts';
import type { InstructionMessage, InstructionSender } from '../../../adapters/sqs/instruction-queue.ts';
import { ADD_PARENTS_SQL } from '../../support/payments.ts';
import { acceptInput } from '../model/inputs.ts';
import type { Random } from '../random.ts';

/** Two, so that of an order's three instructions one has no turn in a batch. */
const MOST = 2;

/**
 * Orders of more than one instruction, as the schema allows them and no API makes them yet: accepted with some charges,
 * and sent with them, are authorizations, the charge's parents, that must have succeeded before.
 */
export class Parents {
  private readonly random: Random;
  private readonly share: number;
  private readonly isCaptured: boolean;
  private readonly byCharge = new Map<string, readonly string[]>();

  /**
   * @param share of the orders that have any
   * @param isCaptured the charge is a capture of what was authorized
   */
  constructor(random: Random, share: number, isCaptured: boolean) {
    this.random = random;
    this.isCaptured = isCaptured;
    this.share = share;
  }

  /** Ids of a charge's parents; the first is the first to be executed. */
  private of(chargeId: string): readonly string[] {
    const known = this.byCharge.get(chargeId);
    if (known !== undefined) return known;
    const count = this.random.chance(this.share) ? 1 + this.random.below(MOST) : 0;
    const ids = Array.from({ length: count }, (_, index) => chargeId.replace('ins_0', `ins_${index + 1}`));
    this.byCharge.set(chargeId, ids);
    return ids;
  }

  /** A database that stores them with what is accepted. */
  storedBy(database: Database): Database {
    return {
      execute: async (sql, input) => {
        const rows = await database.execute(sql, input);
        if (sql !== ACCEPT.sql) return rows;
        const parents = acceptInput.parse(input).orders.flatMap((order) => {
          const { instruction_id: chargeId } = order;
          const ids = this.of(chargeId);
          return ids.map((id, index) => ({
            instruction_id: id,
            charge_id: chargeId,
            parent_id: ids[index - 1] ?? null,
            is_last: index === ids.length - 1,
            is_captured: this.isCaptured,
            // More than is charged, as for a room: what is compared is what the instruction asks for.
            amount_minor: index === 0 ? String(2n * BigInt(order.amount_minor)) : null,
          }));
        });
        if (parents.length > 0) await database.execute(ADD_PARENTS_SQL, { parents });
        return rows;
      },
    };
  }

  /** Sends their messages with the charge's, in any order: the queue's is not relied upon. */
  sentBy(sender: InstructionSender): InstructionSender {
    return { send: (messages) => sender.send(messages.flatMap((message) => this.messagesWith(message))) };
  }

  private messagesWith(charge: InstructionMessage): readonly InstructionMessage[] {
    const messages = this.of(charge.instructionId).map(
      (instructionId): InstructionMessage => ({ ...charge, instructionId, operation: 'authorize' }),
    );
    const isCaptured = messages.length > 0 && this.isCaptured;
    const last: InstructionMessage = isCaptured ? { ...charge, operation: 'capture' } : charge;
    return this.random.chance(0.5) ? [...messages, last] : [last, ...messages];
  }
}
