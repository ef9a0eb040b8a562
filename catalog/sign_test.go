package catalog

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// A release is signed by the key of its data directory, and nothing of the
// manifest can be changed unseen.
func TestManifestsAreSigned(t *testing.T) {
	c, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := publishText(c, "one")
	if err != nil {
		t.Fatal(err)
	}
	key, err := c.PublicKey(r.SignedBy)
	if err != nil || KeyID(key) != r.SignedBy || r.Version != 2 || len(r.Schema) != 64 {
		t.Fatalf("signed by %q, version %d, schema %q: %v", r.SignedBy, r.Version, r.Schema, err)
	}
	if found, err := r.Verify(context.Background(), nil); err != nil || len(found) != 0 {
		t.Fatalf("%v %v", found, err)
	}
	if info, err := os.Stat(filepath.Join(c.PrivateDir(), keyName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("secret key: %v %v", info, err)
	}
	if secret, err := os.ReadFile(filepath.Join(c.PublicDir(), keyName)); err != nil || bytes.Contains(secret, []byte("PRIVATE")) {
		t.Errorf("public key: %s %v", secret, err)
	}

	stranger, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	strange, err := MarshalPublicKey(stranger)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(c *Catalog, r *Release) error{
		"a digit of the manifest": func(c *Catalog, r *Release) error {
			text, err := os.ReadFile(r.ManifestPath())
			if err != nil {
				return err
			}
			return os.WriteFile(r.ManifestPath(), bytes.Replace(text, []byte(`"rows": 1`), []byte(`"rows": 2`), 1), 0o644)
		},
		"the signature": func(_ *Catalog, r *Release) error {
			return os.WriteFile(r.SignaturePath(), make([]byte, ed25519.SignatureSize), 0o644)
		},
		"no signature":    func(_ *Catalog, r *Release) error { return os.Remove(r.SignaturePath()) },
		"the key is gone": func(c *Catalog, r *Release) error { return os.Remove(keyPath(c.PublicDir(), r.SignedBy)) },
		"another's key": func(c *Catalog, r *Release) error {
			return os.WriteFile(keyPath(c.PublicDir(), r.SignedBy), strange, 0o644)
		},
	} {
		c, err := Open(t.TempDir(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := publishText(c, "one")
		if err != nil {
			t.Fatal(err)
		}
		if err := change(c, r); err != nil {
			t.Fatal(err)
		}
		if found, err := r.Verify(context.Background(), nil); err != nil || len(found) != 1 || found[0].File != signatureName {
			t.Errorf("%s: found %v, %v", name, found, err)
		}
	}
	if found, err := r.Verify(context.Background(), stranger); err != nil || len(found) != 1 {
		t.Errorf("by a key that is trusted instead: found %v, %v", found, err)
	}
}

// Processes that start together make one key.
func TestThereIsOneSigningKey(t *testing.T) {
	dir := t.TempDir()
	var ids [8]string
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			c, err := Open(dir, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			key, err := c.SigningKey()
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = KeyID(key.Public().(ed25519.PublicKey))
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] || len(id) != 16 {
			t.Errorf("keys %v", ids)
		}
	}
}

// After the secret key was replaced, what the old one signed stays good.
func TestAnotherKeyTakesOver(t *testing.T) {
	c, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := publishText(c, "one")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(c.PrivateDir(), keyName)); err != nil {
		t.Fatal(err)
	}
	second, err := publishText(c, "two")
	if err != nil {
		t.Fatal(err)
	}
	if now, err := c.PublicKey(""); err != nil || KeyID(now) != second.SignedBy || first.SignedBy == second.SignedBy {
		t.Errorf("signed by %s, then %s: %v", first.SignedBy, second.SignedBy, err)
	}
	for _, r := range []*Release{first, second} {
		if found, err := r.Verify(context.Background(), nil); err != nil || len(found) != 0 {
			t.Errorf("%s: %v %v", r.Ref(), found, err)
		}
	}
}

func TestWhatIsNoPublicKeyIsRefused(t *testing.T) {
	for _, text := range []string{"", "no PEM", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"} {
		if _, err := ParsePublicKey([]byte(text)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
