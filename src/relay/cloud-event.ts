import type { BrokerMessage } from '../broker/broker.ts';
import { type Event, viewOfEvent } from '../events/event.ts';

/**
 * An event as a CloudEvent 1.0 (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md): `id` is the event's, which
 * no two of a source share; `subject` is the organization's id; `data` is the event as the API shows it. Of a call that was
 * traced it carries the trace on (the extension Distributed Tracing).
 *
 * @param source the installation, a URI
 */
export function messageOf(event: Event, source: string): BrokerMessage {
  const { id, type, time, organization_id, traceparent } = event;
  const envelope = {
    specversion: '1.0',
    id,
    source,
    type,
    subject: organization_id,
    time,
    datacontenttype: 'application/json',
    ...(traceparent !== undefined && { traceparent }),
    data: viewOfEvent(event),
  };
  return { id, type, body: JSON.stringify(envelope) };
}
