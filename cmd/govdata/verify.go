package main

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"govdata/catalog"
)

func (a *app) verify() *cobra.Command {
	var deep bool
	var keyFile, manifest, signature string
	c := &cobra.Command{
		Use: "verify [FILE...]", Short: "Compare every published file, or downloaded ones, with its signed manifest",
		Long: `Hash every published file again and compare it with its manifest, and every
manifest with its signature.

With FILEs, check these downloads against the manifest that was downloaded
beside them: govdata verify budgets.csv --manifest m.json --key signing-key.pem`,
		RunE: func(c *cobra.Command, args []string) error {
			var key ed25519.PublicKey
			if keyFile != "" {
				text, err := os.ReadFile(keyFile)
				if err == nil {
					key, err = catalog.ParsePublicKey(text)
				}
				if err != nil {
					return usageError{fmt.Errorf("--key %s: %w", keyFile, err)}
				}
			}
			switch {
			case len(args) == 0 && manifest == "":
				return a.verifyAll(c.Context(), deep, key)
			case len(args) == 0 || manifest == "" || key == nil:
				return usageError{errors.New("to check downloads give FILE..., --manifest and --key")}
			}
			return a.verifyDownloads(args, manifest, signature, key)
		},
	}
	c.Flags().BoolVar(&deep, "deep", false, "also read every file and count its rows")
	c.Flags().StringVar(&keyFile, "key", "", "public key to trust (PEM), as /d/signing-key.pem gives it; empty: the keys in the data directory")
	c.Flags().StringVar(&manifest, "manifest", "", "manifest of the downloads")
	c.Flags().StringVar(&signature, "signature", "", "signature of the manifest; empty: beside it, .sig for .json")
	return c
}

// verifyAll checks every release of the data directory.
func (a *app) verifyAll(ctx context.Context, deep bool, key ed25519.PublicKey) error {
	cat, err := a.open()
	if err != nil {
		return err
	}
	ids, err := cat.EveryID()
	if err != nil {
		return err
	}
	releases, files := 0, 0
	var found []catalog.Mismatch
	for _, id := range ids {
		var wrong []catalog.Mismatch
		var checked, checkedFiles int
		// What another command changed meanwhile is looked at again.
		for range 10 {
			mark := cat.Mark(id)
			wrong, checked, checkedFiles, err = checkAll(ctx, cat, id, deep, key)
			if err == nil && len(wrong) == 0 || ctx.Err() != nil || cat.Mark(id) == mark {
				break
			}
		}
		if err != nil {
			return err
		}
		found = append(found, wrong...)
		releases, files = releases+checked, files+checkedFiles
	}
	tombstones, wrong, err := cat.VerifyTombstones(key)
	for range 10 { // one that is being written is there in a moment
		if err == nil && len(wrong) == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
		tombstones, wrong, err = cat.VerifyTombstones(key)
	}
	if err != nil {
		return err
	}
	found = append(found, wrong...)
	for _, m := range found {
		fmt.Fprintln(a.stdout, m)
	}
	fmt.Fprintf(a.stdout, "%d datasets, %d releases, %d files and %d signatures checked, %d mismatches\n", len(ids), releases, files, releases+tombstones, len(found))
	if len(found) > 0 {
		return errSaid
	}
	return nil
}

// checkAll compares all releases of a dataset with their manifests.
func checkAll(ctx context.Context, cat *catalog.Catalog, id catalog.ID, deep bool, key ed25519.PublicKey) (found []catalog.Mismatch, releases, files int, err error) {
	all, damaged, err := cat.Published(id)
	if err != nil {
		return nil, 0, 0, err
	}
	for _, d := range damaged {
		found = append(found, d.Mismatch())
	}
	for _, r := range all {
		mismatches, err := check(ctx, r, deep, key)
		if err != nil {
			return found, releases, files, err
		}
		found = append(found, mismatches...)
		releases, files = releases+1, files+1+len(r.Artefacts)
	}
	return found, releases, files, nil
}

// check compares one release with its manifest.
func check(ctx context.Context, r *catalog.Release, deep bool, key ed25519.PublicKey) ([]catalog.Mismatch, error) {
	found, err := r.Verify(ctx, key)
	if err != nil || !deep {
		return found, err
	}
	for _, artefact := range append([]catalog.Artefact{r.Store}, r.Artefacts...) {
		rows, err := count(ctx, r.Path(artefact), artefact.Format)
		if ctx.Err() != nil {
			return found, ctx.Err()
		}
		m := catalog.Mismatch{Ref: r.Ref(), File: artefact.File, Want: fmt.Sprintf("%d rows", r.Rows)}
		switch {
		case err != nil:
			m.Got = err.Error()
		case rows != r.Rows:
			m.Got = fmt.Sprint(rows)
		default:
			continue
		}
		found = append(found, m)
	}
	return found, nil
}

// verifyDownloads checks files by a manifest, and that by its signature.
func (a *app) verifyDownloads(files []string, manifest, signature string, key ed25519.PublicKey) error {
	if signature == "" {
		signature = strings.TrimSuffix(manifest, ".json") + ".sig"
	}
	said, err := os.ReadFile(manifest)
	if err != nil {
		return err
	}
	signed, err := os.ReadFile(signature)
	if err != nil {
		return fmt.Errorf("%w; give the signature with --signature", err)
	}
	if err := catalog.CheckSignature(key, said, signed); err != nil {
		return fmt.Errorf("%s: %w", manifest, err)
	}
	var m catalog.Manifest
	if err := json.Unmarshal(said, &m); err != nil {
		return fmt.Errorf("%s: %w", manifest, err)
	}
	wrong := false
	for _, name := range files {
		sum, size, err := catalog.HashFile(name)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(m.Artefacts, func(a catalog.Artefact) bool { return a.SHA256 == sum && a.Bytes == size })
		if i < 0 {
			wrong = true
			fmt.Fprintf(a.stdout, "%s: WRONG: %d bytes with SHA-256 %s are no file of %s@%s; download it again\n", name, size, sum, m.Dataset.ID, m.Release)
			continue
		}
		fmt.Fprintf(a.stdout, "%s: %s@%s.%s, %d rows, signed by %s\n", name, m.Dataset.ID, m.Release, m.Artefacts[i].Format, m.Rows, catalog.KeyID(key))
	}
	if wrong {
		return errSaid
	}
	return nil
}
