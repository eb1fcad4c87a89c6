import { type ListedSpeaker, urlOf } from '../../shared/editor/stores.js';
import { textsOf } from '../../shared/editor/texts.js';
import { ask, iconButton, row, tip } from './parts.js';
import { reasonOf, send } from './requests.js';

const text = textsOf('speaker-store');

const speakerUrl = (store: string, { speakerId }: ListedSpeaker) =>
  urlOf(store, `speakers/${encodeURIComponent(speakerId)}`);

/** The enrolled people with their buttons; user text goes in as text, never as markup. */
export function showPeople(store: string, list: JQuery): void {
  const refresh = () => showPeople(store, list);
  $.ajax({ url: urlOf(store, 'speakers'), dataType: 'json' })
    .done((speakers: readonly ListedSpeaker[]) => {
      list.empty();
      if (speakers.length === 0) list.append(tip(text('people.none')));
      for (const speaker of speakers) list.append(personRow(store, speaker, refresh));
    })
    .fail((response: JQuery.jqXHR) => list.empty().append(tip(reasonOf(response))));
}

function personRow(store: string, speaker: ListedSpeaker, refresh: () => void): JQuery {
  const state = speaker.isStale ? 'stale' : speaker.isComplete ? 'complete' : 'incomplete';
  const name = $<HTMLInputElement>('<input type="text" style="flex:1 1 auto; width:auto; min-width:80px">')
    .val(speaker.name)
    .attr({ title: speaker.speakerId, 'aria-label': text('people.rename') });
  name.on('change', () => {
    const given = String(name.val()).trim();
    if (given === '' || given === speaker.name) name.val(speaker.name);
    else send('POST', speakerUrl(store, speaker), { name: given }).done(refresh);
  });
  return row().append(
    name,
    $('<code style="flex:0 1 auto; overflow:hidden; text-overflow:ellipsis">').text(speaker.speakerId),
    $('<span style="flex:0 0 auto; opacity:.8">').text(
      text(`people.${state}`, { seconds: Math.floor(speaker.speechSeconds) }),
    ),
    iconButton('fa-trash', text('people.erase'), () => confirmErase(store, speaker, refresh)),
  );
}

function confirmErase(store: string, speaker: ListedSpeaker, refresh: () => void): void {
  const erase = () => send('DELETE', speakerUrl(store, speaker)).done(refresh);
  ask(text('people.confirm', { name: speaker.name }), [[text('people.erase'), erase]]);
}
