import type { Measure } from '../../api/measures.js';
import type { BrokerCounts } from '../../mqtt/brokerConnection.js';
import type { SourceStatus } from '../../sources/sourceStatus.js';

/** What `/metrics` shows of the broker and of the sources. */
export function liveMeasures(broker: BrokerCounts | undefined, sources: readonly SourceStatus[]): readonly Measure[] {
  return [...(broker ? ofBroker(broker) : []), ...(sources.length > 0 ? ofSources(sources) : [])];
}

const single = (value: number) => [{ value }];

const ofBroker = ({
  isConnected,
  connections,
  published,
  lost,
  refused,
  waiting,
}: BrokerCounts): readonly Measure[] => [
  gauge('voice_prints_mqtt_connected', 'Whether there is a connection to the MQTT broker', single(isConnected ? 1 : 0)),
  counter('voice_prints_mqtt_connections_total', 'Connections to the MQTT broker', single(connections)),
  counter('voice_prints_mqtt_published_total', 'Messages the MQTT broker has taken', single(published)),
  counter('voice_prints_mqtt_lost_total', 'Messages lost because the buffer was full', single(lost)),
  counter('voice_prints_mqtt_refused_total', 'Messages the MQTT broker has refused', single(refused)),
  gauge('voice_prints_mqtt_waiting', 'Messages that wait for the MQTT broker', single(waiting)),
];

const ofSources = (sources: readonly SourceStatus[]): readonly Measure[] => [
  gauge(
    'voice_prints_source_open',
    'Whether a source delivers audio',
    sources.map(({ source, status }) => ({
      labels: { source },
      value: status === 'open' || status === 'held' ? 1 : 0,
    })),
  ),
  gauge(
    'voice_prints_sources_waiting',
    'Sources that no process listens to, of those that processes share: all are at their limit',
    single(sources.filter(({ status }) => status === 'waiting').length),
  ),
  counter(
    'voice_prints_source_turns_total',
    'Turns of a source, by decision',
    sources.flatMap(({ source, turns }) =>
      Object.entries(turns).map(([decision, value]) => ({ labels: { source, decision }, value })),
    ),
  ),
  counter(
    'voice_prints_source_dropped_seconds_total',
    'Audio of a source that was dropped because the machine was overloaded',
    sources.map(({ source, droppedSeconds }) => ({ labels: { source }, value: droppedSeconds })),
  ),
];

const gauge = (name: string, help: string, values: Measure['values']): Measure => ({
  name,
  help,
  type: 'gauge',
  values,
});
const counter = (name: string, help: string, values: Measure['values']): Measure => ({
  ...gauge(name, help, values),
  type: 'counter',
});
