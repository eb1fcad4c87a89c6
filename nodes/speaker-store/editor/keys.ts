import { entered } from '../../shared/editor/fields.js';
import { urlOf } from '../../shared/editor/stores.js';
import { textsOf } from '../../shared/editor/texts.js';
import { ask, iconButton, row, tip } from './parts.js';
import { reasonOf, send } from './requests.js';

const text = textsOf('speaker-store');

/** A key as the editor's address `keys` lists it: never the key itself. */
interface ListedKey {
  readonly keyId: string;
  readonly label: string;
  readonly tenantId: string;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly lastUsedAt?: string;
  readonly endsAt?: string;
  readonly hasEnded: boolean;
}

interface MadeKey {
  readonly apiKey: string;
}

/** Fills the part of the dialog about the keys of other programs. */
export function prepareKeys(store: string): void {
  const scopes = () =>
    $<HTMLInputElement>('#speaker-store-key-scopes input:checked')
      .get()
      .map(({ value }) => value);
  $('#speaker-store-new-key').on('click', () => {
    $('#speaker-store-key-made').hide();
    $('#speaker-store-key-form').show();
    $('#speaker-store-key-label').val('').trigger('focus');
  });
  $('#speaker-store-key-scopes input').on('change', () => {
    $('#speaker-store-key-create').prop('disabled', scopes().length === 0);
  });
  $('#speaker-store-key-cancel').on('click', () => $('#speaker-store-key-form').hide());
  $('#speaker-store-key-create').on('click', () => {
    const tenantId = entered('#speaker-store-key-tenant').trim();
    const request = { label: entered('#speaker-store-key-label'), scopes: scopes(), ...(tenantId && { tenantId }) };
    send('POST', urlOf(store, 'keys'), request).done((made: MadeKey) => showMade(store, made));
  });
  $('#speaker-store-key-copy').on('click', function () {
    RED.clipboard.copyText($('#speaker-store-key-text').text(), $(this), 'clipboard.copyMessageValue');
  });
  showKeys(store);
}

/** The newest first, those that ended last; labels go in as text, never as markup. */
function showKeys(store: string): void {
  const list = $('#speaker-store-keys');
  $.ajax({ url: urlOf(store, 'keys'), dataType: 'json' })
    .done((keys: readonly ListedKey[]) => {
      $('#speaker-store-new-key').prop('disabled', false);
      list.empty();
      if (keys.length === 0) list.append(tip(text('keys.none')));
      const newestFirst = [...keys].reverse();
      for (const key of newestFirst.sort((a, b) => Number(a.hasEnded) - Number(b.hasEnded))) {
        list.append(keyRow(store, key));
      }
    })
    .fail((response: JQuery.jqXHR) => list.empty().append(tip(reasonOf(response, text('keys.notDeployed')))));
}

function keyRow(store: string, key: ListedKey): JQuery {
  const url = urlOf(store, `keys/${encodeURIComponent(key.keyId)}`);
  const name = key.label || text('keys.unnamed');
  const rotate = (graceHours: number) => {
    send('POST', `${url}/rotate`, { graceHours }).done((made: MadeKey) => showMade(store, made));
  };
  const revoke = () => send('DELETE', url).done(() => showKeys(store));
  const about = $('<div style="flex:1 1 auto; min-width:0; overflow-wrap:anywhere">').append(
    $('<div>').append($('<span>').text(name), ' ', $('<code>').text(key.keyId)),
    $('<div style="opacity:.8; font-size:.9em">').text(factsOf(key)),
  );
  const line = row().addClass('speaker-store-key');
  if (key.hasEnded) return line.css('opacity', 0.6).append(about);
  return line.append(
    about,
    iconButton('fa-refresh', text('keys.replace'), () =>
      ask(text('keys.confirmReplace', { name }), [
        [text('keys.replaceDay'), () => rotate(24)],
        [text('keys.replaceNow'), () => rotate(0)],
      ]),
    ),
    iconButton('fa-ban', text('keys.revoke'), () =>
      ask(text('keys.confirmRevoke', { name }), [[text('keys.revoke'), revoke]]),
    ),
  );
}

function factsOf(key: ListedKey): string {
  const at = (moment: string) => ({
    time: new Date(moment).toLocaleString(RED.i18n.lang(), { dateStyle: 'short', timeStyle: 'short' }),
  });
  const facts = [
    key.tenantId,
    key.scopes.join(', '),
    text('keys.made', at(key.createdAt)),
    key.lastUsedAt && text('keys.used', at(key.lastUsedAt)),
    key.endsAt && text(`keys.${key.hasEnded ? 'ended' : 'ends'}`, at(key.endsAt)),
  ];
  return facts.filter(Boolean).join(' · ');
}

/** The one time a key is seen. */
function showMade(store: string, { apiKey }: MadeKey): void {
  $('#speaker-store-key-form').hide();
  $('#speaker-store-key-text').text(apiKey);
  $('#speaker-store-key-made').show();
  showKeys(store);
}
