/** `GET /openapi.json`: the API, told to programs. */

import { openApiDocument } from '../../open-api-document.ts'
import { type Asked, replyValue, type Service } from '../service.ts'

/** Answers with the document. */
export async function replyDocument(asked: Asked, _values: unknown, { settings }: Service): Promise<void> {
  replyValue(asked, openApiDocument(settings.path))
}
