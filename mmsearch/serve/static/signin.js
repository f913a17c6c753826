// The token that a service with --host wants.

import { $, h } from './dom.js';
import { signIn as send } from './service.js';

/** Ask for the token; `then` when the service took it. */
export function signIn(then) {
  const dialog = $('sign-in');
  if (dialog.open) return;
  const field = h('input', { type: 'password', name: 'token', autocomplete: 'current-password', required: true, id: 'token' });
  const wrong = h('p', { role: 'alert', class: 'wrong' });
  dialog.replaceChildren(
    h('h2', { id: 'sign-in-title' }, 'This collection is for those with its token'),
    h('p', {}, 'mmsearch serve printed it when it started, or reads it from a file.'),
    h(
      'form',
      {
        onsubmit: async (event) => {
          event.preventDefault();
          try {
            await send(field.value.trim());
          } catch (error) {
            wrong.textContent = error.status === 401 || error.status === 403 ? 'That is not it.' : error.message;
            field.select();
            return;
          }
          dialog.close();
          then();
        },
      },
      h('label', { for: 'token' }, 'Token'),
      field,
      h('button', { type: 'submit', class: 'primary' }, 'Go on'),
    ),
    wrong,
  );
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  dialog.showModal();
}
