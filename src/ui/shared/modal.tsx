import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface ModalProps {
  readonly title: string;
  onClose(): void;
  readonly children: ComponentChildren;
}

/** A dialog above the page: the browser keeps the focus in it, and Escape closes it. */
export function Modal({ title, onClose, children }: ModalProps) {
  const id = useId();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => element.current?.showModal(), []);
  return (
    <dialog class="vp-modal" ref={element} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}
