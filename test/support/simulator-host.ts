/** Simulated PSPs, wherever they run. */
export interface SimulatorHost {
  readonly controlUrl: string;
  readonly listenerUrl: string;
  readonly secondListenerUrl: string;
  close(): Promise<void>;
}
