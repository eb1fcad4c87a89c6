import { urlOf } from '../../shared/editor/stores.js';
import { textsOf } from '../../shared/editor/texts.js';
import { row, tip } from './parts.js';
import { reasonOf } from './requests.js';

const text = textsOf('speaker-store');

/** What the editor's address `health` lists. */
interface HealthCheck {
  readonly check: string;
  readonly status: 'pass' | 'note' | 'fail';
  readonly found: string;
  readonly remedy?: string;
}

const SYMBOL = { pass: 'fa-check', note: 'fa-info-circle', fail: 'fa-exclamation-triangle' } as const;

/** What the store runs on, what is missing, and what to do about it. */
export function showHealth(store: string, list: JQuery): void {
  list.empty().append(tip(text('health.looking')));
  $.ajax({ url: urlOf(store, 'health'), dataType: 'json' })
    .done((checks: readonly HealthCheck[]) => list.empty().append(checks.map(lineOf)))
    .fail((response: JQuery.jqXHR) => list.empty().append(tip(reasonOf(response, text('health.notDeployed')))));
}

function lineOf({ check, status, found, remedy }: HealthCheck): JQuery {
  const words = $('<div style="flex:1 1 0; min-width:0; overflow-wrap:anywhere">').append($('<div>').text(found));
  if (remedy) words.append($('<div style="opacity:.8">').text(`→ ${remedy}`));
  return row().append(
    $('<i style="flex:none">')
      .addClass(`fa ${SYMBOL[status]}`)
      .attr('title', text(`health.${status}`)),
    $('<span style="flex:0 0 90px">').text(text(`health.${check}`)),
    words,
  );
}
