"""Just enough of Java's class file format to add a method to a compiled class.

Format: The Java Virtual Machine Specification, chapter 4. Methods added here have no branches, so
they need no stack map.
"""

import struct
from collections.abc import Callable

_UTF8, _CLASS, _FIELD, _METHOD, _NAME_AND_TYPE = 1, 7, 9, 10, 12
# Tag of a constant → bytes of its payload (§4.4). Text (tag 1) stores its length.
_SIZES = {tag: 4 for tag in (3, 4, 9, 10, 11, 12, 17, 18)} | {5: 8, 6: 8, 15: 3}
_SIZES |= {tag: 2 for tag in (7, 8, 16, 19, 20)}
_TWO_SLOTS = (5, 6)  # a long or a double takes two indices of the pool
PUBLIC, _PRIVATE, _PROTECTED = 0x0001, 0x0002, 0x0004


class ClassFile:
    r"""A class file to which interfaces, fields and methods can be added.

    Args:
        data (`bytes`): the content of a `.class` file.

    Example:

    ```python
    patched = ClassFile(data)
    # iconst_0; ireturn
    patched.add_method("hashCode", "()I", stack=1, variables=1, code=b"\x03\xac")
    Path("Thing.class").write_bytes(patched.to_bytes())
    ```
    """

    def __init__(self, data: bytes) -> None:
        # Layout: magic and version, constant pool, access flags and two class names, interfaces, fields,
        # methods, attributes. What does not change is kept as bytes.
        self._head = data[:8]
        (self._count,) = struct.unpack_from(">H", data, 8)
        self._indices: dict[tuple[int, bytes], int] = {}
        position, index = 10, 1
        while index < self._count:
            tag = data[position]
            if tag == _UTF8:
                (length,) = struct.unpack_from(">H", data, position + 1)
                start, size = position + 3, length
            else:
                start, size = position + 1, _SIZES[tag]
            self._indices.setdefault((tag, data[start : start + size]), index)
            position = start + size
            index += 2 if tag in _TWO_SLOTS else 1
        self._pool = data[10:position]
        self._access, self._this, self._super = struct.unpack_from(">HHH", data, position)
        self._interfaces, position = _table(data, position + 6, lambda at: at + 2)
        self._fields, position = _table(data, position, lambda at: _member_end(data, at))
        self._methods, position = _table(data, position, lambda at: _member_end(data, at))
        self._tail = data[position:]

    def _constant(self, tag: int, payload: bytes, prefix: bytes = b"") -> int:
        """Index of a constant, which is appended to the pool if it is missing.

        Existing constants keep their indices, because the compiled code refers to them by index.
        """
        if (tag, payload) not in self._indices:
            self._indices[tag, payload] = self._count
            self._pool += bytes([tag]) + prefix + payload
            self._count += 1
        return self._indices[tag, payload]

    def _text(self, text: str) -> int:
        payload = text.encode()
        return self._constant(_UTF8, payload, struct.pack(">H", len(payload)))

    def _class_ref(self, name: str) -> bytes:
        return struct.pack(">H", self._constant(_CLASS, struct.pack(">H", self._text(name))))

    def _member_ref(self, tag: int, owner: str, name: str, descriptor: str) -> bytes:
        pair = struct.pack(">HH", self._text(name), self._text(descriptor))
        name_and_type = self._constant(_NAME_AND_TYPE, pair)
        payload = self._class_ref(owner) + struct.pack(">H", name_and_type)
        return struct.pack(">H", self._constant(tag, payload))

    def field_ref(self, owner: str, name: str, descriptor: str) -> bytes:
        """Two bytes that name a field in an instruction."""
        return self._member_ref(_FIELD, owner, name, descriptor)

    def method_ref(self, owner: str, name: str, descriptor: str) -> bytes:
        """Two bytes that name a method of a class in an instruction."""
        return self._member_ref(_METHOD, owner, name, descriptor)

    def add_field(self, name: str, descriptor: str) -> None:
        """Add a public field."""
        self._fields.append(struct.pack(">HHHH", PUBLIC, self._text(name), self._text(descriptor), 0))

    def add_method(self, name: str, descriptor: str, stack: int, variables: int, code: bytes) -> None:
        """Add a public method.

        Args:
            name (`str`): its name.
            descriptor (`str`): types of its parameters and result, such as `()I` (§4.3.3).
            stack (`int`): maximum depth of its operand stack.
            variables (`int`): number of its local variables, `this` and the parameters included.
            code (`bytes`): its instructions.
        """
        # A Code attribute without exception table and attributes (§4.7.3).
        body = struct.pack(">HHI", stack, variables, len(code)) + code + struct.pack(">HH", 0, 0)
        head = struct.pack(">HHHH", PUBLIC, self._text(name), self._text(descriptor), 1)
        self._methods.append(head + struct.pack(">HI", self._text("Code"), len(body)) + body)

    def rename_method(self, name: str, descriptor: str, new_name: str) -> None:
        """Rename a method and make it public; callers of the old name then call the method that is added
        under that name.

        Raises:
            ValueError: if the class does not have this method.
        """
        old = struct.pack(">HH", self._text(name), self._text(descriptor))
        new = struct.pack(">HH", self._text(new_name), self._text(descriptor))
        index = next((index for index, method in enumerate(self._methods) if method[2:6] == old), None)
        if index is None:
            raise ValueError(f"The class has no method {name}{descriptor}.")
        method = self._methods[index]
        flags = int.from_bytes(method[:2]) & ~(_PRIVATE | _PROTECTED) | PUBLIC
        self._methods[index] = struct.pack(">H", flags) + new + method[6:]

    def to_bytes(self) -> bytes:
        """The changed `.class` file."""
        tables = b"".join(
            struct.pack(">H", len(rows)) + b"".join(rows)
            for rows in (self._interfaces, self._fields, self._methods)
        )
        names = struct.pack(">HHH", self._access, self._this, self._super)
        return self._head + struct.pack(">H", self._count) + self._pool + names + tables + self._tail


def _table(data: bytes, position: int, end_of: Callable[[int], int]) -> tuple[list[bytes], int]:
    """The rows of a counted table and the position after it."""
    (count,) = struct.unpack_from(">H", data, position)
    position += 2
    rows = []
    for _ in range(count):
        end = end_of(position)
        rows.append(data[position:end])
        position = end
    return rows, position


def _member_end(data: bytes, position: int) -> int:
    """Where a field or method that starts at `position` ends."""
    (attributes,) = struct.unpack_from(">H", data, position + 6)
    position += 8
    for _ in range(attributes):
        position += 6 + int(struct.unpack_from(">I", data, position + 2)[0])
    return position
