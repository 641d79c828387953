import { defineKind, type Stored } from '../store/records.ts';

/**
 * Up to where the events of a trail were handed on while others waited behind them; its id is the organization's. The
 * trail itself says up to where when none waits any more, and the greater number counts.
 */
export interface RelayPosition extends Stored {
  /** Of the last event that was handed on, and all before it. */
  readonly sequence: number;
}

/** The kind of record that positions of the relay are. */
export const relayPositions = defineKind<RelayPosition>()('relay_positions', {});
