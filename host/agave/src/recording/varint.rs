//! Whole numbers in as few bytes as they need, seven bits a byte, the lowest first; signed ones
//! zigzag, so that small differences of either sign are short.

/// Appends numbers and texts.
pub(super) trait Put {
    fn put(&mut self, number: u64);
    fn put_difference(&mut self, now: u64, before: u64);
    fn put_text(&mut self, text: &str);
}

impl Put for Vec<u8> {
    fn put(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.push((number & 0x7F) as u8 | 0x80);
            number >>= 7;
        }
        self.push(number as u8);
    }

    fn put_difference(&mut self, now: u64, before: u64) {
        let difference = now.wrapping_sub(before) as i64;
        self.put(((difference << 1) ^ (difference >> 63)) as u64);
    }

    fn put_text(&mut self, text: &str) {
        self.put(text.len() as u64);
        self.extend_from_slice(text.as_bytes());
    }
}

/// Takes what was put, from its beginning. Every error is a sentence about what is wrong.
pub(super) struct Take<'b> {
    bytes: &'b [u8],
    position: usize,
}

type Taken<T> = Result<T, String>;

impl<'b> Take<'b> {
    pub(super) fn new(bytes: &'b [u8], position: usize) -> Self {
        Self { bytes, position }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.position >= self.bytes.len()
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    fn bytes(&mut self, count: usize) -> Taken<&'b [u8]> {
        let end = self.position.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.position..end));
        let taken = taken.ok_or("its block ends in the middle of a value")?;
        self.position += count;
        Ok(taken)
    }

    pub(super) fn number(&mut self) -> Taken<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.bytes(1)?.first().copied().unwrap_or_default();
            let bits = u64::from(byte & 0x7F);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("a number is too long".to_owned())
    }

    pub(super) fn difference(&mut self, before: u64) -> Taken<u64> {
        let zigzag = self.number()?;
        let difference = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
        Ok(before.wrapping_add(difference as u64))
    }

    /// A number that may be at most `most`; `what` it counts, for the message.
    pub(super) fn at_most(&mut self, most: usize, what: &str) -> Taken<usize> {
        let number = self.number()?;
        usize::try_from(number)
            .ok()
            .filter(|number| *number <= most)
            .ok_or_else(|| format!("{number} {what}, where at most {most} can be"))
    }

    pub(super) fn float(&mut self) -> Taken<f32> {
        let bytes = self.bytes(4)?.try_into().unwrap_or_default();
        Ok(f32::from_le_bytes(bytes))
    }

    pub(super) fn text(&mut self, most: usize) -> Taken<String> {
        let length = self.at_most(most, "bytes of text")?;
        let bytes = self.bytes(length)?.to_vec();
        String::from_utf8(bytes).map_err(|_| "a name is not UTF-8".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_taken() {
        let numbers = [
            0,
            1,
            127,
            128,
            300,
            u64::from(u32::MAX),
            u64::MAX - 1,
            u64::MAX,
        ];
        let mut bytes = Vec::new();
        for number in numbers {
            bytes.put(number);
            bytes.put_difference(number, 1000);
        }
        bytes.put_text("piña");
        let mut take = Take::new(&bytes, 0);
        for number in numbers {
            assert_eq!(take.number(), Ok(number));
            assert_eq!(take.difference(1000), Ok(number));
        }
        assert_eq!(take.text(10).as_deref(), Ok("piña"));
        assert!(take.is_at_end());
        assert!(take.number().is_err());
    }

    #[test]
    fn numbers_that_cannot_be_are_refused() {
        assert!(Take::new(&[0xFF; 10], 0).number().is_err());
        assert!(Take::new(&[0x80], 0).number().is_err());
        assert!(Take::new(&[200, 1], 0).at_most(199, "things").is_err());
        assert!(Take::new(&[2, 0xC3, 0x28], 0).text(9).is_err());
    }
}
