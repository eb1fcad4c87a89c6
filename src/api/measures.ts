/** A metric whose values are counted elsewhere. */
export interface Measure {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly values: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];
}

/** Read whenever `/metrics` is asked. */
export type Measures = () => readonly Measure[] | Promise<readonly Measure[]>;

/** The exposition format of Prometheus, version 0.0.4. */
export const measuresText = (measures: readonly Measure[]): string =>
  measures
    .map(({ name, help, type, values }) => {
      const lines = values.map(({ labels, value }) => `${name}${labelsText(labels)} ${value}`);
      return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
    })
    .join('');

function labelsText(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escaped = (text: string): string => text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
