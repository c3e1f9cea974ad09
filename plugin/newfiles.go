package plugin

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// newFiles are files that do not exist yet. They are written all or none.
type newFiles []newFile

type newFile struct {
	name string
	text []byte
	mode fs.FileMode
}

func (f *newFiles) add(name string, text []byte, mode fs.FileMode) {
	*f = append(*f, newFile{name, text, mode})
}

// write creates the files. Where one exists already, none is written, and the error names all of those.
func (f newFiles) write() (err error) {
	var exist []error
	for _, file := range f {
		if _, err := os.Lstat(file.name); err == nil {
			exist = append(exist, fmt.Errorf("%s exists already, and what others may be using is not replaced: move "+
				"it away, or write elsewhere", file.name))
		}
	}
	if err := errors.Join(exist...); err != nil {
		return err
	}
	var written []string
	defer func() {
		if err != nil {
			for _, name := range written {
				err = errors.Join(err, os.Remove(name))
			}
		}
	}()
	for _, file := range f {
		if err := os.MkdirAll(filepath.Dir(file.name), 0o700); err != nil {
			return err
		}
		if err := create(file); err != nil {
			return err
		}
		written = append(written, file.name)
	}
	return nil
}

// create writes one file; O_EXCL holds where another process was quicker.
func create(file newFile) error {
	to, err := os.OpenFile(file.name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, file.mode)
	if err != nil {
		return err
	}
	_, err = to.Write(file.text)
	if err = errors.Join(err, to.Close()); err != nil {
		err = errors.Join(err, os.Remove(file.name))
	}
	return err
}
