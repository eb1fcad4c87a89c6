// What the lists of the dialog are made of. Texts go in as text, never as markup.

/** A question with a button for each answer; `choices` are pairs of a label and an action. */
export function ask(question: string, choices: readonly (readonly [label: string, act: () => void])[]): void {
  const notification = RED.notify($('<p>').text(question)[0]!, {
    type: 'warning',
    modal: true,
    fixed: true,
    buttons: [
      { text: RED._('common.label.cancel'), click: () => notification.close() },
      ...choices.map(([label, act]) => ({
        text: label,
        class: 'primary',
        click: () => {
          notification.close();
          act();
        },
      })),
    ],
  });
}

/** A line of a list in the dialog. */
export const row = (): JQuery =>
  $(
    '<div style="display:flex; align-items:center; gap:8px; padding:3px 0; border-bottom:1px solid var(--red-ui-secondary-border-color)">',
  );

/** A small button with a symbol; its title describes its action. */
export const iconButton = (icon: string, title: string, act: () => void): JQuery =>
  $('<button type="button" class="red-ui-button red-ui-button-small">')
    .append($('<i>').addClass(`fa ${icon}`))
    .attr({ title, 'aria-label': title })
    .on('click', act);

/** A remark in place of a list's lines. */
export const tip = (remark: string): JQuery => $('<div class="form-tips">').text(remark);
