package catalog

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Manifests are signed with Ed25519 (RFC 8032), so that a copy of a release
// can be checked wherever it comes from. The secret key never leaves the
// private half of the data directory; its public half lies beside the datasets
// under its id, and stays there when another key takes over.
//
//	private/signing-key.pem        the secret key, PKCS #8
//	public/signing-key.pem         the public key of new releases (RFC 8410)
//	public/signing-keys/<id>.pem   every public key that ever signed
const (
	keyName       = "signing-key.pem"
	keysDir       = "signing-keys"
	signatureName = "manifest.sig"
)

// SigningKey returns the key that signs new releases, and makes it where there
// is none yet.
func (c *Catalog) SigningKey() (ed25519.PrivateKey, error) {
	key, err := c.signingKey()
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	return key, nil
}

func (c *Catalog) signingKey() (ed25519.PrivateKey, error) {
	locks := filepath.Join(c.PrivateDir(), "locks")
	if err := os.MkdirAll(locks, 0o700); err != nil {
		return nil, err
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(locks, keyName)).Lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	path := filepath.Join(c.PrivateDir(), keyName)
	key, err := readSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, key, err = ed25519.GenerateKey(rand.Reader)
		if err == nil {
			err = writeSecret(path, key)
		}
	}
	if err != nil {
		return nil, err
	}
	return key, c.showKey(key.Public().(ed25519.PublicKey))
}

func readSecret(path string) (ed25519.PrivateKey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s is no PEM file: %w", path, ErrCorrupt)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrCorrupt, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a %T, want an Ed25519 key: %w", path, parsed, ErrInvalid)
	}
	return key, nil
}

func writeSecret(path string, key ed25519.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// showKey puts the public key where it is served from.
func (c *Catalog) showKey(key ed25519.PublicKey) error {
	text, err := MarshalPublicKey(key)
	if err != nil {
		return err
	}
	dir := filepath.Join(c.PublicDir(), keysDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, path := range []string{filepath.Join(dir, KeyID(key)+".pem"), filepath.Join(c.PublicDir(), keyName)} {
		if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, text) {
			continue
		}
		if err := WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// KeyID names a public key: the first 16 hex digits of the SHA-256 of its DER form.
func KeyID(key ed25519.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:8])
}

// MarshalPublicKey writes a public key as PEM, as openssl reads it.
func MarshalPublicKey(key ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// ParsePublicKey reads an Ed25519 public key from PEM. Errors wrap ErrInvalid.
func ParsePublicKey(text []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("public key: no PEM block: %w", ErrInvalid)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("public key: %w: %w", ErrInvalid, err)
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("public key: found a %T, want an Ed25519 key: %w", parsed, ErrInvalid)
	}
	return key, nil
}

// PublicKey returns the key with that id, or the one of new releases where id
// is empty. ErrNotFound where there is none.
func (c *Catalog) PublicKey(id string) (ed25519.PublicKey, error) {
	path := filepath.Join(c.PublicDir(), keyName)
	if id != "" {
		path = keyPath(c.PublicDir(), id)
	}
	return readPublicKey(path)
}

func keyPath(public, id string) string {
	return filepath.Join(public, keysDir, filepath.Base(id)+".pem")
}

func readPublicKey(path string) (ed25519.PublicKey, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no such key: %w", ErrNotFound)
	} else if err != nil {
		return nil, err
	}
	return ParsePublicKey(text)
}

// CheckSignature checks the signature of a manifest, both byte for byte as
// they were published. The error wraps ErrCorrupt.
func CheckSignature(key ed25519.PublicKey, manifest, signature []byte) error {
	if !ed25519.Verify(key, manifest, signature) {
		return fmt.Errorf("the signature is not by key %s over this manifest: %w", KeyID(key), ErrCorrupt)
	}
	return nil
}

// sign returns a manifest's text and its signature, by the key of new releases.
func (c *Catalog) sign(m *Manifest) (data, signature []byte, err error) {
	key, err := c.SigningKey()
	if err != nil {
		return nil, nil, err
	}
	m.SignedBy = KeyID(key.Public().(ed25519.PublicKey))
	if data, err = json.MarshalIndent(m, "", "  "); err != nil {
		return nil, nil, err
	}
	return data, ed25519.Sign(key, data), nil
}

// checkSignature checks the release's own signature, by trusted or, where that
// is nil, by the key of the data directory that the manifest names.
func (r *Release) checkSignature(trusted ed25519.PublicKey) error {
	manifest, err := os.ReadFile(r.ManifestPath())
	if err != nil {
		return err
	}
	signature, err := os.ReadFile(r.SignaturePath())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("it is not signed: %w", ErrCorrupt)
	} else if err != nil {
		return err
	}
	key := trusted
	if key == nil {
		if key, err = readPublicKey(keyPath(r.keys, r.SignedBy)); err != nil {
			return fmt.Errorf("key %q: %w", r.SignedBy, err)
		}
	}
	return CheckSignature(key, manifest, signature)
}

const contentKeyName = "content-key"

// KeyedContent returns the hash of content that is not open to everyone as it may
// be told: by a key of the data directory, so that nobody can try out which rows
// have it. content is 64 hex digits, and so is what is returned.
func (c *Catalog) KeyedContent(content string) (string, error) {
	key, err := c.contentKey()
	if err != nil {
		return "", fmt.Errorf("content key: %w", err)
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(content))
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (c *Catalog) contentKey() ([]byte, error) {
	locks := filepath.Join(c.PrivateDir(), "locks")
	if err := os.MkdirAll(locks, 0o700); err != nil {
		return nil, err
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(locks, contentKeyName)).Lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	path := filepath.Join(c.PrivateDir(), contentKeyName)
	key, err := os.ReadFile(path)
	if err == nil && len(key) == sha256.Size || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = make([]byte, sha256.Size)
	rand.Read(key) // never fails
	return key, WriteFile(path, key, 0o600)
}
