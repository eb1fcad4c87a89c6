import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Identification } from '../../core/identification.js';
import { timelineSvg } from '../../display/timelineSvg.js';
import { useHome } from '../shared/home.js';
import { timelineWords } from './timelineWords.js';

interface TimelineProps {
  readonly result: Identification;
  /** Where the drawing begins, in seconds; 0 by default. */
  readonly startSeconds?: number;
}

/** Who speaks when, as wide as there is room. */
export function Timeline({ result, startSeconds = 0 }: TimelineProps) {
  const { text } = useHome();
  const element = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState<number | undefined>();
  useEffect(() => {
    const shown = element.current;
    if (shown === null) return;
    const observer = new ResizeObserver(() => setWidth(shown.clientWidth || undefined));
    observer.observe(shown);
    return () => observer.disconnect();
  }, []);
  const svg = useMemo(() => {
    if (width === undefined) return '';
    const words = timelineWords(text);
    return timelineSvg(result, '', { theme: 'page', width, words, startSeconds });
  }, [result, width, text, startSeconds]);
  // The drawing is ours, and names are escaped in it.
  return <div class="vp-drawing" ref={element} dangerouslySetInnerHTML={{ __html: svg }} />;
}
