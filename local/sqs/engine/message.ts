/** A message attribute as it came; binary values stay base64. */
export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: string | undefined;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** What a sender gives. */
export interface NewMessage {
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly groupId: string;
  readonly deduplicationId: string;
  readonly senderId: string;
  /** Of the request that sent it, as X-Ray writes it; undefined for one that wasn't traced. */
  readonly traceHeader?: string | undefined;
}

/** A message in a queue. Times are milliseconds since the epoch. */
export interface Message extends NewMessage {
  readonly id: string;
  /** Grows within the queue; also the order of its group. */
  readonly sequence: number;
  readonly sentAt: number;
  /** The queue whose redrive policy moved it here; undefined for one that was sent here. */
  readonly deadLetterSourceArn: string | undefined;
  receiveCount: number;
  firstReceivedAt: number | undefined;
  /** When it was last handed out: the 12 hours of its invisibility count from then. */
  receivedAt: number;
  /** Invisible until then; in the past for one that can be handed out. */
  visibleAt: number;
  /** Of the newest receipt handle; an older one can't delete it. */
  receipt: string | undefined;
}

export interface Sent {
  readonly messageId: string;
  readonly sequence: number;
}

/** A message as it was handed out. */
export interface Received {
  readonly message: Readonly<Message>;
  readonly receiptHandle: string;
}

export interface QueueMetrics {
  readonly visible: number;
  readonly inFlight: number;
  /** Seconds; 0 for an empty queue. */
  readonly ageOfOldest: number;
}
