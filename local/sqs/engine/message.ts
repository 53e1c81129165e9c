/** A message attribute as received; binary values stay base64. */
export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: string | undefined;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** What a sender specifies. */
export interface NewMessage {
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly groupId: string;
  readonly deduplicationId: string;
  readonly senderId: string;
  /** The trace of the request that sent it, in X-Ray's format; undefined if it wasn't traced. */
  readonly traceHeader?: string | undefined;
}

/** A message in a queue. Times are milliseconds since the epoch. */
export interface Message extends NewMessage {
  readonly id: string;
  /** Increases within the queue; also defines the order within the group. */
  readonly sequence: number;
  readonly sentAt: number;
  /** The queue whose redrive policy moved it here; undefined if it was sent here. */
  readonly deadLetterSourceArn: string | undefined;
  receiveCount: number;
  firstReceivedAt: number | undefined;
  /** When it was last delivered: the 12 hours of its maximum invisibility count from then. */
  receivedAt: number;
  /** Invisible until then; in the past if it is visible. */
  visibleAt: number;
  /** Of the newest receipt handle; an older one can't delete it. */
  receipt: string | undefined;
}

export interface Sent {
  readonly messageId: string;
  readonly sequence: number;
}

/** A message as delivered. */
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
