package decode

import (
	"bytes"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"
)

// defaultPassword is the one that Excel encrypts with where a workbook is
// protected against changes and no password was given ([MS-OFFCRYPTO], 2.4.2.3).
const defaultPassword = "VelvetSweatshop"

// maxEncrypted bounds a workbook that is decrypted, which is done in memory.
const maxEncrypted = 256 << 20

// decrypt opens a workbook that Excel itself opens without asking. What has a
// password of somebody's own is refused.
func (s *Source) decrypt(c *content) (opened *content, err error) {
	locked := &Error{File: c.name, Found: "a workbook with a password", Want: "one without", Do: "remove the password and save it as .xlsx", Err: ErrEncrypted}
	if c.size > min(maxEncrypted, s.options.MaxBytes-s.unpacked) {
		locked.Found = fmt.Sprintf("an encrypted workbook of %d MiB", c.size>>20)
		return nil, locked
	}
	raw := make([]byte, c.size)
	if _, err := io.ReadFull(io.NewSectionReader(c.r, 0, c.size), raw); err != nil {
		return nil, fmt.Errorf("decode %s: %w", c.name, err)
	}
	defer func() {
		if recover() != nil { // the library takes the numbers in the file at their word
			opened, err = nil, &Error{File: c.name, Found: "a corrupt encrypted workbook", Want: "a whole file", Do: "remove the password, save it as .xlsx and send it again", Err: ErrCorrupt}
		}
	}()
	plain, err := excelize.Decrypt(raw, &excelize.Options{Password: defaultPassword})
	if err != nil || !bytes.HasPrefix(plain, []byte("PK\x03\x04")) {
		return nil, locked
	}
	s.unpacked += int64(len(plain))
	s.info.Notes = append(s.info.Notes, "the workbook is encrypted with the password that Excel uses by itself")
	return &content{name: c.name, r: bytes.NewReader(plain), size: int64(len(plain))}, nil
}
