import type { ShownPlaces } from '../../events/places.js';
import { languageOf, textsOf } from '../texts/texts.js';
import { enrolView } from './enrolView.js';
import { drawnPlaces } from './here.js';
import { drawnStreams } from './streams.js';
import { type Drawn, h, inject, onMounted, onUnmounted, ref } from './vue.js';

interface WidgetProps {
  readonly id: string;
  /** Settings of the node. */
  readonly props: { readonly view?: string; readonly label?: string };
}

const NOTHING: ShownPlaces = { places: [], streams: [] };

const heading = (label: string | undefined): readonly Drawn[] => (label ? [h('h4', {}, label)] : []);

/** The component that Dashboard 2 shows for a node `ui-voices`. */
export const UIVoices = {
  name: 'UIVoices',
  props: {
    id: { type: String, required: true },
    props: { type: Object, default: () => ({}) },
    state: { type: Object, default: () => ({}) },
  },
  setup({ id, props }: WidgetProps): () => Drawn {
    if (props.view === 'enrol') {
      const drawn = enrolView(id);
      return () => h('section', { class: 'vp-widget' }, [...heading(props.label), drawn()]);
    }
    const text = textsOf(languageOf(navigator.languages));
    const shown = ref<ShownPlaces>(NOTHING);
    const width = ref(0);
    const element = ref<Element | null>(null);
    const receive = (msg: unknown): void => {
      const { payload } = (msg ?? {}) as { readonly payload?: ShownPlaces };
      if (payload?.places && payload.streams) shown.value = payload;
    };
    inject('$dataTracker')(id, receive, receive);
    const observer = new ResizeObserver(() => {
      width.value = element.value?.clientWidth ?? 0;
    });
    onMounted(() => element.value && observer.observe(element.value));
    onUnmounted(() => observer.disconnect());
    return () =>
      h('section', { ref: element, class: 'vp-widget', 'aria-live': 'polite' }, [
        ...heading(props.label),
        ...(props.view === 'timeline'
          ? drawnStreams(shown.value.streams, width.value, text)
          : drawnPlaces(shown.value.places, text)),
      ]);
  },
};
