/**
 * All the script there is: a button that copies a command. Without it, commands are selected by hand. It makes elements and
 * sets their text, and never markup.
 */
export const script = `'use strict';
for (const command of document.querySelectorAll('pre.command')) {
  if (!navigator.clipboard) break;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', 'Copy the command: ' + (command.dataset.about || ''));
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(command.querySelector('code').textContent);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Select it by hand';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  command.after(button);
}
`;
