import { render } from 'preact';
import { HomeProvider, type Surroundings } from '../shared/home.js';
import { languageOf, textsOf } from '../texts/texts.js';
import { EnrolByVoice } from './enrolByVoice.js';
import { SampleSender } from './sampleSender.js';
import { type Drawn, h, inject, onMounted, onUnmounted, ref } from './vue.js';

const WORKLET = 'resources/@voice-prints/node-red/voices-microphone.js';

/** The recorder, drawn by Preact as everywhere else, inside an element that Vue leaves alone. */
export function enrolView(widgetId: string): () => Drawn {
  const language = languageOf(navigator.languages);
  const text = textsOf(language);
  const socket = inject('$socket');
  const sender = new SampleSender((sample) => socket.emit('widget-send', widgetId, { sample }), text);
  inject('$dataTracker')(
    widgetId,
    (msg) => sender.hear(msg),
    () => undefined, // answers of earlier recordings
  );
  // Where Dashboard 2 has the widget itself from.
  const { httpAdminRoot } = inject('store').state.setup.setup.RED;
  const workletAddress = `${httpAdminRoot}/${WORKLET}`.replaceAll('//', '/');
  const surroundings: Surroundings = { text, language, workletAddress, isConsentRequired: true };
  const element = ref<Element | null>(null);
  onMounted(() => {
    if (element.value === null) return;
    render(
      <HomeProvider value={surroundings}>
        <EnrolByVoice sender={sender} />
      </HomeProvider>,
      element.value,
    );
  });
  onUnmounted(() => element.value && render(null, element.value)); // closes the microphone
  return () => h('div', { ref: element, class: 'vp vp-dashboard' });
}
