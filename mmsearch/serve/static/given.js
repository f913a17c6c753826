// Pictures and sounds to search by: chosen, pasted or dropped anywhere on the page.

import { toast } from './dom.js';
import { upload } from './service.js';

const LARGEST = 100 * 1024 * 1024; // bytes; the service has its own limit

/** Whether `file` is searched by as one of the `pictures` or of the `sounds`; nothing where it says that it is neither. */
const kindOf = (file) => (!file.type || file.type.startsWith('image/') ? 'pictures' : file.type.startsWith('audio/') ? 'sounds' : null);

/** `ongiven(kind, id)` hears of each that the service took, `onwaiting(yes)` while one is on its way. */
export function given({ button, input, overlay, ongiven, onwaiting }) {
  let last = 0; // of what is given only the last is searched by, whichever arrives first

  async function take(file) {
    if (!file) return;
    const kind = kindOf(file);
    if (!kind) {
      toast('That is no picture and no sound. JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF, and WAV, FLAC, MP3, Ogg and M4A can be searched by.');
      return;
    }
    if (file.size > LARGEST) {
      toast('That file is too large to search by.');
      return;
    }
    const n = (last += 1);
    onwaiting(true);
    try {
      const id = await upload(file, kind);
      if (n === last) ongiven(kind, id);
    } catch (error) {
      if (n === last) toast(error.message);
    }
    if (n === last) onwaiting(false);
  }

  button.addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    take(input.files[0]);
    input.value = '';
  });
  window.addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type && kindOf(one));
    if (!file) return;
    event.preventDefault();
    take(file);
  });
  let over = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  window.addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over += 1;
    overlay.hidden = false;
  });
  window.addEventListener('dragleave', () => {
    over = Math.max(0, over - 1);
    if (!over) overlay.hidden = true;
  });
  window.addEventListener('dragover', (event) => hasFiles(event) && event.preventDefault());
  window.addEventListener('drop', (event) => {
    over = 0;
    overlay.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files].find(kindOf) ?? event.dataTransfer.files[0]);
  });
}
