/* SPDX-License-Identifier: MIT
 *
 * Ends a use of messages.def. No include guard: included once per use.
 */
#undef MESSAGE
#undef U8
#undef U32
#undef I64
#undef FLAG
#undef FIXED
#undef TEXT
#undef SECRET
#undef END
