/* SPDX-License-Identifier: MIT
 *
 * For uses of messages.def that want the messages but not their fields. No include guard: included once per use.
 */
#define U8(f)
#define U32(f)
#define I64(f)
#define FLAG(f)
#define FIXED(f, n)
#define TEXT(f, max)
#define SECRET(f)
#define END(name)
