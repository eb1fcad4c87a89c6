import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { type FoundFile, filesOfDrop, filesOfInput } from '../enrol/droppedFiles.js';
import { useHome } from './home.js';

interface FileDropProps {
  readonly hint: string;
  readonly isMany?: boolean;
  /** Offers to choose a folder too. */
  readonly hasFolders?: boolean;
  readonly isDisabled?: boolean;
  onFiles(files: readonly FoundFile[]): void;
  readonly children?: ComponentChildren;
}

/** A place to drop files on, with buttons for those who do not drag. */
export function FileDrop({ hint, isMany = false, hasFolders = false, isDisabled = false, onFiles }: FileDropProps) {
  const { text } = useHome();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [isOver, setIsOver] = useState(false);
  const take = (found: readonly FoundFile[]) => {
    if (found.length > 0 && !isDisabled) onFiles(isMany ? found : found.slice(0, 1));
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    event.stopPropagation();
    setIsOver(false);
    if (event.dataTransfer) filesOfDrop(event.dataTransfer).then(take, () => undefined); // a folder that went away meanwhile
  };
  const over = (event: DragEvent) => {
    event.preventDefault();
    event.stopPropagation();
    setIsOver(true);
  };
  const chosen = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    take(filesOfInput(input.files));
    input.value = ''; // the same file may be chosen again
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is offered beside the buttons, which the keyboard reaches
    <div
      class={`vp-drop${isOver ? ' vp-over' : ''}`}
      onDragOver={over}
      onDragLeave={() => setIsOver(false)}
      onDrop={drop}
    >
      <p>{hint}</p>
      <div class="vp-actions">
        <button type="button" disabled={isDisabled} onClick={() => files.current?.click()}>
          {text(isMany ? 'action.chooseFiles' : 'action.chooseFile')}
        </button>
        {hasFolders && (
          <button type="button" disabled={isDisabled} onClick={() => folder.current?.click()}>
            {text('action.chooseFolder')}
          </button>
        )}
      </div>
      <input
        ref={files}
        type="file"
        accept="audio/*,video/*"
        multiple={isMany}
        hidden
        aria-label={text('action.chooseFiles')}
        onChange={chosen}
      />
      {hasFolders && (
        <input
          ref={folder}
          type="file"
          // Preact's types do not know it; browsers do.
          {...{ webkitdirectory: true }}
          hidden
          aria-label={text('action.chooseFolder')}
          onChange={chosen}
        />
      )}
    </div>
  );
}
